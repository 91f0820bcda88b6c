variable "project" {
  description = "The id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "The region of clusters, batches and buckets."
  type        = string
  default     = "europe-west1"
}

variable "bucket" {
  description = "A new bucket for the suite; a second one, for temporary files, is named after it."
  type        = string
}

variable "user" {
  description = "Who runs the suite, such as user:me@example.com."
  type        = string
}

variable "network" {
  description = "The network of the clusters."
  type        = string
  default     = "default"
}

variable "cloud_nat" {
  description = "Whether machines without external addresses reach Debian's mirrors, for OpenBLAS."
  type        = bool
  default     = true
}
