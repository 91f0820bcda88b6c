"""Autoscaling policies, which are checked and stored but scale nothing."""

from __future__ import annotations

from google.cloud import dataproc_v1 as dp

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_behaviour import Behaviour

Key = tuple[str, str, str]


class FakePolicies:
    """The AutoscalingPolicyService."""

    name = "google.cloud.dataproc.v1.AutoscalingPolicyService"
    rpcs = ("create_autoscaling_policy", "get_autoscaling_policy", "update_autoscaling_policy")

    def __init__(self, behaviour: Behaviour) -> None:
        self._lock = behaviour.lock
        self._policies: dict[Key, dp.AutoscalingPolicy] = {}

    def create_autoscaling_policy(
        self, request: dp.CreateAutoscalingPolicyRequest
    ) -> dp.AutoscalingPolicy:
        """ALREADY_EXISTS for an existing id."""
        key = (*rules.split_parent(request.parent), request.policy.id)
        check_policy(request.policy)
        with self._lock:
            if key in self._policies:
                raise rules.already_exists(f"AutoscalingPolicy {policy_path(key)}")
            return self._keep(key, request.policy)

    def get_autoscaling_policy(
        self, request: dp.GetAutoscalingPolicyRequest
    ) -> dp.AutoscalingPolicy:
        """NOT_FOUND for an unknown id."""
        with self._lock:
            return dp.AutoscalingPolicy(self._policies[self._existing(request.name)])

    def update_autoscaling_policy(
        self, request: dp.UpdateAutoscalingPolicyRequest
    ) -> dp.AutoscalingPolicy:
        """Replace the policy of the same name; nothing is merged."""
        with self._lock:
            key = self._existing(request.policy.name)
            policy = dp.AutoscalingPolicy(request.policy)
            policy.id = key[2]
            check_policy(policy)
            return self._keep(key, policy)

    def check_uri(self, parent: tuple[str, str], uri: str) -> None:
        """A cluster's `policy_uri` is empty, or names a policy of its project and region."""
        if not uri:
            return
        with self._lock:
            key = self._existing(uri[uri.find("projects/") :])
        if key[:2] != parent:
            raise rules.invalid(f"{uri} is of another project or region than the cluster")

    def _keep(self, key: Key, policy: dp.AutoscalingPolicy) -> dp.AutoscalingPolicy:
        kept = dp.AutoscalingPolicy(policy)
        kept.name = policy_path(key)
        self._policies[key] = kept
        return dp.AutoscalingPolicy(kept)

    def _existing(self, name: str) -> Key:
        parent, _, policy_id = name.partition("/autoscalingPolicies/")
        key = (*rules.split_parent(parent), policy_id)
        if key not in self._policies:
            raise rules.not_found(f"AutoscalingPolicy {name}")
        return key


def policy_path(key: Key) -> str:
    """The policy's resource name."""
    return "projects/{}/regions/{}/autoscalingPolicies/{}".format(*key)


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
    for name in ("up_factor", "down_factor", "up_min_worker_fraction", "down_min_worker_fraction"):
        if not 0 <= getattr(yarn, f"scale_{name}") <= 1:
            raise rules.invalid(f"scale_{name} must be from 0 to 1")
    check_sizes("worker_config", policy.worker_config, low=2)
    check_sizes("secondary_worker_config", policy.secondary_worker_config, low=0)


def check_sizes(what: str, group: dp.InstanceGroupAutoscalingPolicyConfig, *, low: int) -> None:
    """low <= min_instances <= max_instances; min_instances is `low` by default."""
    least = group.min_instances or low
    if not low <= least <= group.max_instances:
        raise rules.invalid(f"{what}: {least} to {group.max_instances} instances is no range")
