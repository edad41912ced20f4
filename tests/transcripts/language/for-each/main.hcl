variable "regions" {
  type = map(string)
  default = {
    eu = "europe"
    us = "america"
  }
}

instance "desk" {
  for_each = var.regions
  element  = "freshdesk"
  name     = "Desk ${each.key}"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-desk"
    subdomain = each.value
  }
}

output "ids" {
  value = { for key, desk in instance.desk : key => desk.id }
}
