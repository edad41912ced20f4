kind "connection" {
  provider   = "rest"
  collection = "/instances"

  attribute "label" {
    typ = string
  }
  atribute "other" {}

  create { request = "POST /instances" }
  read { request = "GET /instances/${ident}" }
}
