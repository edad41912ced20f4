data "instances" "desks" {
  tags = ["helpdesk"]
}

data "instance" "desk" {
  for_each = { for desk in data.instances.desks.objects : desk.name => desk.id }
  id       = each.value

  lifecycle {
    postcondition {
      condition     = self.element == "freshdesk"
      error_message = "Desks are on Freshdesk."
    }
  }
}

data "instance" "named" {
  count = 2
  name  = ["Files", "Support desk"][count.index]
}

value "desk" {
  for_each = data.instance.desk
  input    = { id = each.value.id, tags = each.value.tags }
}

output "elements" {
  value = data.instance.named[*].element
}
