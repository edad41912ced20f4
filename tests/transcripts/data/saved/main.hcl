data "instance" "desk" {
  name = "Support desk"
}

value "desk" {
  input = data.instance.desk.tags
}

data "instance" "again" {
  id         = data.instance.desk.id
  depends_on = [value.desk]
}

output "again" {
  value = data.instance.again.configuration.subdomain
}
