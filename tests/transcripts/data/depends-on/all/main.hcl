data "elements" "crm" {
  hub = "crm"
}

output "number" {
  value = length(data.elements.crm.ids) > 0
}
