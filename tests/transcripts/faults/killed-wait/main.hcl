kind "connection" {
  provider   = "cloudelements"
  collection = "/instances"

  attribute "name" { type = string }
  attribute "service" {
    type = string
    at   = "element.key"
  }
  attribute "settings" {
    type    = map(string)
    at      = "configuration"
    partial = true
    masked  = "********"
  }
  attribute "tags" { type = set(string) }
  computed "id" { type = number }
  computed "disabled" { type = bool }

  create {
    wait {
      until = object.disabled
      fail  = object.name == "hopeless"
      every = "20ms"
    }
  }
  update {}
  list {
    empty = [404]
    search { tag = "tags[]" }
  }
  marker { attribute = "tags" }
}

connection "desk" {
  name     = "desk"
  service  = "freshdesk"
  settings = { username = "ops@example.com", password = "s3cret-desk", subdomain = "example" }
}

output "disabled" { value = connection.desk.disabled }
