variable "name" {
  default = "Desk"
}

instance "desk" {
  element       = "freshdesk"
  name          = var.name
  configuration = { username = "ops@example.com", password = "s3cret-desk", subdomain = "example" }
}

value "report" {
  input      = "on ${var.name}"
  depends_on = [instance.desk]
}

output "desk" {
  value = instance.desk.name
}

output "report" {
  value = value.report.input
}

output "wanted" {
  value = var.name
}
