variable "release" {
  default = "1.0"
}

variable "region" {
  default = "eu"
}

value "release" {
  input            = { version = var.release }
  triggers_replace = [var.region]
}

output "id" {
  value = value.release.id
}

output "release" {
  value = value.release.output.version
}
