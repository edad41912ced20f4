# The account. With "emulator" nothing leaves this machine and any secrets will do; for the real service:
#   export ISOTOPE_VAR_base_url=https://api.cloud-elements.com/elements/api-v2
#   export ISOTOPE_VAR_user_secret=… ISOTOPE_VAR_organization_secret=…

variable "base_url" {
  type    = string
  default = "emulator"
}

variable "user_secret" {
  type      = string
  sensitive = true
  default   = "any"
}

variable "organization_secret" {
  type      = string
  sensitive = true
  default   = "any"
}

# The services behind the instances; values are in isotope.vars.hcl.

variable "freshdesk" {
  type = object({ username = string, subdomain = string })
}

variable "autotask" {
  type = object({ username = string, server_url = string })
}

variable "connectwise" {
  type = object({ username = string, server_url = string, company = string })
}

variable "freshdesk_password" {
  type      = string
  sensitive = true
}

variable "autotask_password" {
  type      = string
  sensitive = true
}

variable "connectwise_password" {
  type      = string
  sensitive = true
}
