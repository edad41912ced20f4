variable "region" {
  type = string
}

instance "desk" {
  element = "freshdesk"
  name    = "Desk ${var.region}"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-desk"
    subdomain = var.region
  }
}

output "id" {
  value = instance.desk.id
}
