kind "connection" {
  provider   = "rest"
  collection = "/instances"

  attribute "service" {
    type     = string
    required = true
    replace  = true
    at       = "element.key"
  }
  attribute "label" {
    type     = string
    required = true
    at       = "name"
  }
  attribute "settings" {
    type    = map(string)
    partial = true
    masked  = "********"
    at      = "configuration"
  }
  computed "id" { type = number }

  create { request = "POST /instances" }
  read { request = "GET /instances/${id}" }
  update { request = "PATCH /instances/${id}" }
  delete { request = "DELETE /instances/${id}" }
}

provider "rest" {
  base_url = env("CLOUD_ELEMENTS_BASE_URL")
  headers = {
    Authorization = join(", ", [
      "User ${env("CLOUD_ELEMENTS_USER_SECRET")}",
      "Organization ${env("CLOUD_ELEMENTS_ORGANIZATION_SECRET")}",
    ])
  }
}

variable "password" {
  type      = string
  sensitive = true
  default   = "s3cret-connection"
}

connection "desk" {
  service = "freshdesk"
  label   = "Desk"
  settings = {
    username  = "ops@example.com"
    password  = var.password
    subdomain = "example"
  }
}
