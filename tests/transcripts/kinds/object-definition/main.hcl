account "crm" { external_id = "crm" }

object_definition "contact" {
  for_each = { organization = null, account = account.crm.id }
  name     = "contact"
  account  = each.value
  fields = [
    { path = "email", type = "string" },
    { path = "name", type = "string", displayName = "Full name" },
  ]
}

transformation "contact" {
  object      = object_definition.contact["organization"].name
  element     = "freshdesk"
  vendor_name = "contacts"
  fields = [
    { path = "email", vendorPath = "email" },
    { path = "name", vendorPath = "name", type = "string" },
  ]
  configuration = [{ type = "passThrough", properties = { fromVendor = false, toVendor = false } }]
}
