# One module, called once for each region.

provider "cloudelements" {
  base_url            = "emulator"
  user_secret         = "any"
  organization_secret = "any"
}

variable "regions" {
  type = map(object({
    subdomain = string
    tags      = optional(set(string), [])
  }))
  default = {
    eu = { subdomain = "example-eu", tags = ["gdpr"] }
    us = { subdomain = "example-us" }
  }
}

variable "password" {
  type      = string
  sensitive = true
  default   = "not-a-secret"
}

module "desk" {
  source   = "./desk"
  for_each = var.regions

  region    = each.key
  subdomain = each.value.subdomain
  password  = var.password
  tags      = setunion(each.value.tags, ["region:${each.key}"])
}

output "ids" {
  value = { for region, desk in module.desk : region => desk.id }
}
