data "instance" "support" {
  id = 1001
}

data "instances" "all" {}

output "token" {
  value     = data.instance.support.token
  sensitive = true
}

output "tokens" {
  value     = data.instances.all.objects[*].token
  sensitive = true
}

output "password" {
  value     = data.instance.support.configuration.password == null
  sensitive = true
}

value "copy" {
  input = data.instance.support.token
}
