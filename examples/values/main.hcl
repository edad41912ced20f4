# No API at all: values that are kept, compared and replaced like anything else.

variable "release" {
  type    = string
  default = "1.0.0"
}

locals {
  parts = split(".", var.release)
}

value "release" {
  input            = { version = var.release, series = join(".", slice(local.parts, 0, 2)) }
  triggers_replace = [local.parts[0]] # a new major version is a new release
}

value "announcement" {
  input = "Release ${value.release.id}: ${value.release.output.series}"
}

output "series" {
  value = value.release.output.series
}
