variable "region" {
  type = string

  validation {
    condition     = can(regex("^[a-z]{2}$", var.region))
    error_message = "A region has two letters."
  }
}

variable "subdomain" {
  type = string
}

variable "password" {
  type      = string
  sensitive = true
}

variable "tags" {
  type    = set(string)
  default = []
}

instance "support" {
  element = "freshdesk"
  name    = "Support ${upper(var.region)}"

  configuration = {
    username  = "ops@example.com"
    password  = var.password
    subdomain = var.subdomain
  }
  tags = var.tags
}

output "id" {
  value = instance.support.id
}
