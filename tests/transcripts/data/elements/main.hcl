data "element" "freshdesk" {
  key = "freshdesk"
}

data "elements" "helpdesks" {
  hub            = "helpdesk"
  authentication = "basic"
}

output "hub" {
  value = data.element.freshdesk.hub
}

output "required" {
  value = [for entry in data.element.freshdesk.configuration : entry.key if entry.required]
}

output "helpdesks" {
  value = data.elements.helpdesks.objects[*].key
}
