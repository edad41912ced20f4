data "instance" "support" {
  id = 1001
}

data "instance" "sales" {
  name = "Sales desk"
}

data "instance" "american" {
  element       = "freshdesk"
  tags          = ["us"]
  configuration = { subdomain = "sales" }
}

data "instances" "desks" {
  element = "freshdesk"
}

output "support" {
  value = data.instance.support.name
}

output "sales" {
  value = [data.instance.sales.id, data.instance.american.id]
}

output "desks" {
  value = { for desk in data.instances.desks.objects : desk.name => desk.configuration.subdomain }
}

output "ids" {
  value = data.instances.desks.ids
}
