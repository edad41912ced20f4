kind "account" {
  description = "An account of the organization, with users of its own"
  provider    = "cloudelements"
  collection  = "/accounts"
  unique      = ["external_id"]

  attribute "external_id" {
    type     = string
    required = true
    at       = "externalId"
  }
  attribute "name" {
    type    = string
    default = block.key == null ? block.name : "${block.name}-${block.key}"
  }
  attribute "description" { type = string }
  attribute "active" { # false deletes the scheduled jobs of its users
    type    = bool
    initial = true
  }
  computed "id" { type = number }
  computed "created_date" { # milliseconds since 1970
    type = number
    at   = "createdDate"
  }

  update {}
  list {
    empty = [404]
    page {
      size         = 200
      size_param   = "pageSize"
      offset_param = "offset"
    }
  }
  data { plural = "accounts" }
}
