variable "name" {
  type = string
}

variable "base" {
  type    = string
  default = null
}

resource "terraform_data" "inner" {
  input = "${var.name}-${coalesce(var.base, "none")}"

  lifecycle {
    precondition {
      condition     = var.name != ""
      error_message = "No name."
    }
  }
}

output "id" {
  value = terraform_data.inner.id
}
