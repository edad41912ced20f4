instance "desk" {
  element       = "freshdesk"
  configuration = { username = "ops@example.com", password = "s3cret-freshdesk", subdomain = "example" }
}

object_definition "contact" {
  instance = instance.desk.id
  fields   = [{ path = "email", type = "string" }]
}

transformation "contact" {
  instance    = instance.desk.id
  object      = object_definition.contact.name
  vendor_name = "contacts"
  fields      = [{ path = "email", vendorPath = "email" }]
  script      = { body = "done({});", mimeType = "application/javascript" }
}
