kind "element" {
  description = "An element of the service's catalogue: what an instance is one of"
  provider    = "cloudelements"
  read_only   = true # the service's own: there is a data source, and no resource

  collection = "/elements"
  object     = "/elements/${id}"

  computed "id" { type = number } # differs from environment to environment; the key does not
  computed "key" { type = string }
  computed "name" { type = string }
  computed "description" { type = string }
  computed "hub" { type = string }
  computed "active" { type = bool }
  computed "private" { type = bool }
  computed "authentication" {
    type = string
    at   = "authentication.type"
  }
  computed "configuration" { # the entries that an instance may have
    type = list(object({
      key          = string
      name         = optional(string)
      type         = optional(string)
      required     = optional(bool)
      defaultValue = optional(string)
    }))
  }

  read { request = "GET /elements/${id}" }
  list {
    request = "GET /elements"
    empty   = [404]
    page {
      size         = 200
      size_param   = "pageSize"
      token_param  = "nextPage"
      token_header = "elements-next-page-token"
    }
  }
  data {
    by     = ["key", "id"] # either stands for the id in the path
    plural = "elements"
    search = { where = key == null ? null : "key='${key}'" }
  }
  errors {
    message    = "message"
    request_id = "requestId"
  }
}
