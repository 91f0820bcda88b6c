"""Autoscaling policies, which are checked and stored but scale nothing."""

from __future__ import annotations

from google.cloud import dataproc_v1 as dp

from tests.support.dataproc import fake_rules as rules


class FakePolicies:
    """The AutoscalingPolicyService."""

    name = "google.cloud.dataproc.v1.AutoscalingPolicyService"
    rpcs = ("create_autoscaling_policy", "get_autoscaling_policy", "update_autoscaling_policy")

    def __init__(self) -> None:
        self._policies: dict[str, dp.AutoscalingPolicy] = {}

    def create_autoscaling_policy(
        self, request: dp.CreateAutoscalingPolicyRequest
    ) -> dp.AutoscalingPolicy:
        rules.split_parent(request.parent)
        policy = dp.AutoscalingPolicy(request.policy)
        check_policy(policy)
        policy.name = f"{request.parent}/autoscalingPolicies/{policy.id}"
        if policy.name in self._policies:
            raise rules.already_exists(f"AutoscalingPolicy {policy.name}")
        self._policies[policy.name] = policy
        return policy

    def get_autoscaling_policy(
        self, request: dp.GetAutoscalingPolicyRequest
    ) -> dp.AutoscalingPolicy:
        self.check_exists(request.name)
        return self._policies[request.name]

    def update_autoscaling_policy(
        self, request: dp.UpdateAutoscalingPolicyRequest
    ) -> dp.AutoscalingPolicy:
        """Replace the policy of the same name; nothing is merged."""
        self.check_exists(request.policy.name)
        check_policy(request.policy)
        self._policies[request.policy.name] = request.policy
        return request.policy

    def check_exists(self, name: str, *, flexible: bool = False) -> None:
        if name not in self._policies:
            raise rules.not_found(f"AutoscalingPolicy {name}")
        yarn = self._policies[name].basic_algorithm.yarn_config
        if flexible and yarn.graceful_decommission_timeout:
            raise rules.invalid("Enhanced Flexibility Mode excludes graceful decommissioning")


def check_policy(policy: dp.AutoscalingPolicy) -> None:
    """The bounds that the messages' docstrings state."""
    rules.check_name("policy id", policy.id, rules.STEP_ID)
    rules.check_labels(policy.labels)
    algorithm = policy.basic_algorithm
    rules.check_duration(algorithm, "cooldown_period", 2 * rules.MINUTE, rules.DAY)
    yarn = algorithm.yarn_config
    if "graceful_decommission_timeout" not in yarn:
        raise rules.invalid("yarn_config.graceful_decommission_timeout is required")
    rules.check_duration(yarn, "graceful_decommission_timeout", 0, rules.DAY)
    if not (0 <= yarn.scale_up_factor <= 1 and 0 <= yarn.scale_down_factor <= 1):
        raise rules.invalid("the factors must be from 0 to 1")
    for group, low in ((policy.worker_config, 2), (policy.secondary_worker_config, 0)):
        if not low <= group.min_instances <= group.max_instances:
            raise rules.invalid(f"{group.min_instances} to {group.max_instances} is no range")
