kind "user" {
  description = "Somebody who may log in, in an account or in the organization"
  provider    = "cloudelements"

  collection = "%{if account != null}/accounts/${account}/users%{else}/organizations/users%{endif}"
  object     = "/users/${id}"
  unique     = ["email"]

  attribute "account" { # an account's id; without it, the organization's own
    type      = number
    parent    = true
    refers_to = account.id
  }
  attribute "email" {
    type     = string
    required = true
  }
  attribute "first_name" {
    type     = string
    required = true
    at       = "firstName"
  }
  attribute "last_name" {
    type     = string
    required = true
    at       = "lastName"
  }
  attribute "password" {
    type       = string
    sensitive  = true
    write_only = true # sent at create, and with a change of `password_version`
    resend     = ["password_version"]
  }
  attribute "password_version" {
    type  = number
    local = true
  }
  attribute "active" {
    type    = bool
    initial = true
  }
  attribute "roles" { # "org-admin", "admin", "org", "default-user", "sys-admin"
    type   = set(string)
    unwrap = "key"
    members {
      list   = "GET object/roles"
      add    = "PUT object/roles/${value}"
      remove = "DELETE object/roles/${value}"
    }
  }
  computed "id" { type = number }
  computed "secret" { # the user's part of the credentials; only the creation shows it
    type      = string
    sensitive = true
    once      = true
    masked    = "********"
  }
  computed "created_date" {
    type = string
    at   = "createdDate"
  }

  update {}
  list {
    empty = [404]
    page {
      size         = 200
      size_param   = "pageSize"
      token_param  = "nextPage"
      token_header = "elements-next-page-token"
    }
  }
  data { plural = "users" }
}
