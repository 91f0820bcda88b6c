# The section "Once" of docs/dataproc.md:
#   terraform init
#   terraform apply -var project=PROJECT -var bucket=BUCKET -var user=user:me@example.com

terraform {
  required_version = ">= 1.5"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 8.0"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
}

resource "google_project_service" "apis" {
  for_each = toset([
    "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com",
    "dataproc.googleapis.com",
    "dataprocrm.googleapis.com",
    "iam.googleapis.com",
    "storage.googleapis.com",
  ])
  service            = each.value
  disable_on_destroy = false
}

# the account of the machines and of batches
resource "google_service_account" "machines" {
  account_id = "movierec"
  depends_on = [google_project_service.apis]
}

resource "google_project_iam_custom_role" "worker" {
  role_id = "movierecWorker"
  title   = "Dataproc worker without access to buckets"
  permissions = [
    "dataproc.agents.create",
    "dataproc.agents.delete",
    "dataproc.agents.get",
    "dataproc.agents.list",
    "dataproc.agents.update",
    "dataproc.tasks.lease",
    "dataproc.tasks.listInvalidatedLeases",
    "dataproc.tasks.reportStatus",
    "logging.logEntries.create",
    "monitoring.metricDescriptors.create",
    "monitoring.metricDescriptors.get",
    "monitoring.metricDescriptors.list",
    "monitoring.monitoredResourceDescriptors.get",
    "monitoring.monitoredResourceDescriptors.list",
    "monitoring.timeSeries.create",
  ]
  depends_on = [google_project_service.apis]
}

resource "google_project_iam_member" "machines_worker" {
  project = var.project
  role    = google_project_iam_custom_role.worker.name
  member  = google_service_account.machines.member
}

resource "google_project_iam_member" "user_editor" {
  project = var.project
  role    = "roles/dataproc.editor"
  member  = var.user
}

resource "google_service_account_iam_member" "user_account" {
  service_account_id = google_service_account.machines.name
  role               = "roles/iam.serviceAccountUser"
  member             = var.user
}

resource "google_storage_bucket" "suite" {
  # and the age in days at which a bucket's objects are deleted
  for_each = {
    (var.bucket)         = []
    "${var.bucket}-temp" = [90]
  }
  name                        = each.key
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  dynamic "lifecycle_rule" {
    for_each = each.value
    content {
      action {
        type = "Delete"
      }
      condition {
        age = lifecycle_rule.value
      }
    }
  }
  depends_on = [google_project_service.apis]
}

resource "google_storage_bucket_iam_member" "machines_objects" {
  for_each = google_storage_bucket.suite
  bucket   = each.value.name
  role     = "roles/storage.objectUser"
  member   = google_service_account.machines.member
}

resource "google_storage_bucket_iam_member" "machines_buckets" {
  for_each = google_storage_bucket.suite
  bucket   = each.value.name
  role     = "roles/storage.legacyBucketReader"
  member   = google_service_account.machines.member
}

resource "google_storage_bucket_iam_member" "user_objects" {
  bucket = google_storage_bucket.suite[var.bucket].name
  role   = "roles/storage.objectUser"
  member = var.user
}

resource "google_compute_router" "nat" {
  count      = var.cloud_nat ? 1 : 0
  name       = "movierec"
  region     = var.region
  network    = var.network
  depends_on = [google_project_service.apis]
}

resource "google_compute_router_nat" "nat" {
  count                              = var.cloud_nat ? 1 : 0
  name                               = "movierec"
  region                             = var.region
  router                             = google_compute_router.nat[0].name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"
}
