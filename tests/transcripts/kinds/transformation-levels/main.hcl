account "crm" { external_id = "crm" }

instance "desk" {
  element       = "freshdesk"
  configuration = { username = "ops@example.com", password = "s3cret-freshdesk", subdomain = "example" }
}

object_definition "contact" {
  fields = [{ path = "email", type = "string" }]
}

transformation "contact" {
  for_each = {
    organization = { element = "freshdesk", account = null, instance = null }
    account      = { element = "freshdesk", account = account.crm.id, instance = null }
    instance     = { element = null, account = null, instance = instance.desk.id }
  }
  object      = object_definition.contact.name
  element     = each.value.element
  account     = each.value.account
  instance    = each.value.instance
  vendor_name = "contacts"
  fields      = [{ path = "email", vendorPath = "email" }]
}
