kind "instance" {
  description = "An element instance: one authenticated connection to a service"
  provider    = "cloudelements"

  collection = "/instances"       # the collection's path under the provider's base_url
  object     = "/instances/${id}" # one object's path; default "<collection>/${id}"
  id         = "id"               # where an answer carries the identity; numbers are kept exactly

  attribute "element" {
    type     = string
    required = true
    replace  = true          # a change replaces the object
    at       = "element.key" # its place in requests and answers; default: the attribute's name
  }
  attribute "name" {
    type    = string
    default = block.key == null ? block.name : "${block.name}-${block.key}"
  }
  attribute "configuration" {
    type    = map(any)
    partial = true       # only declared keys are compared; the service adds its own
    text    = true       # values come back as strings, null when unset
    masked  = "********" # never a value: compare by fingerprint, never send
  }
  attribute "tags" {
    type    = set(string)
    unwrap  = "name" # an element may come back as an object that has its value under this key
    initial = [name] # what the service makes of it when nobody says: nobody would write that down
  }
  attribute "provider_data" {
    type       = map(any)
    at         = "providerData"
    sensitive  = true
    write_only = true # sent at create, never echoed, a later change alone plans nothing
    resend     = ["configuration", "provider_data_version"] # a new secret is a new login
    along      = ["configuration"]                          # which needs the keys and the address it was asked for with
  }
  attribute "provider_data_version" { # a change of it hands `provider_data` over again
    type  = number
    local = true
  }
  attribute "external_authentication" { # "initial": the tokens in the configuration come from elsewhere
    type = string
    at   = "externalAuthentication"
    echo = false # what comes back later is not known
  }
  attribute "enabled" { # set by requests of its own
    type    = bool
    read    = !object.disabled
    on      = "PUT /instances/${id}/enabled"
    off     = "DELETE /instances/${id}/enabled"
    initial = true
  }
  computed "id" { type = number }
  computed "token" {
    type      = string
    sensitive = true
  }
  computed "created_date" {
    type = string
    at   = "createdDate"
  }

  create { request = "POST /instances" }
  read { request = "GET /instances/${id}" }     # 404 means gone; `gone = [...]` says otherwise
  update { request = "PATCH /instances/${id}" } # without update, every change replaces
  delete { request = "DELETE /instances/${id}" }
  list {
    request = "GET /instances"
    empty   = [404] # on the first page: this service answers 404 when nothing matches
    page {
      size         = 200
      size_param   = "pageSize"
      token_param  = "nextPage"
      token_header = "elements-next-page-token"
    }
    search { tag = "tags[]" }
  }
  data {
    plural = "instances"
    search = { # what the service filters by itself; the rest is compared here
      searchText = name
      "tags[]"   = try(sort(tags)[0], null)
    }
  }
  marker { attribute = "tags" } # where a create carries its marker
  catalogue "elements" {        # entries of a map described by a catalogue, chosen by another attribute
    key     = "element"
    entries = "configuration"
    list {              # what the account itself knows, for `isotope elements sync`
      request = "GET /elements"
      empty   = [404]
      page {
        size         = 200
        size_param   = "pageSize"
        token_param  = "nextPage"
        token_header = "elements-next-page-token"
      }
    }
  }
}
