variable "region" {
  type        = string
  default     = "eu"
  description = "Where"
}

variable "password" {
  type      = string
  default   = "hunter2"
  sensitive = true
  nullable  = false
}

variable "keys" {
  type    = set(string)
  default = ["b", "c"]
}

locals {
  joined = "${var.region}-x"
}

resource "terraform_data" "plain" {
  input = "two"
}

resource "terraform_data" "unknown" {
  input = { name = local.joined, of = terraform_data.plain.id, list = [terraform_data.plain.id, "x"] }
}

resource "terraform_data" "secret" {
  input = { user = "u", password = var.password }
}

resource "terraform_data" "each" {
  for_each = var.keys
  input    = "${each.key}-${terraform_data.plain.output}"
}

resource "terraform_data" "counted" {
  count = 2
  input = count.index
}

resource "terraform_data" "replaced" {
  input            = "r"
  triggers_replace = { version = 2, other = [1, 2] }

  lifecycle {
    create_before_destroy = true
  }
}

resource "terraform_data" "deposed_like" {
  input            = "r"
  triggers_replace = "two"
  depends_on       = [terraform_data.plain]
}

moved {
  from = terraform_data.old_name
  to   = terraform_data.new_name
}

resource "terraform_data" "new_name" {
  input = "moved"
}

module "desk" {
  source   = "./mod"
  for_each = toset(["x"])
  name     = "${each.key}-${var.region}"
  base     = terraform_data.plain.output
}

module "lone" {
  source     = "./mod"
  name       = "const"
  depends_on = [terraform_data.plain]
}

check "health" {
  assert {
    condition     = terraform_data.plain.output == "one"
    error_message = "Plain is not one."
  }
}


output "secret" {
  value     = var.password
  sensitive = true
}

output "ids" {
  value = { for k, d in terraform_data.each : k => d.id }
}

output "module_id" {
  value = module.desk["x"].id
}

output "constant" {
  value = 43
}

resource "terraform_data" "adopted" {
  input = "imported"
}

import {
  to = terraform_data.adopted
  id = "some-id"
}
