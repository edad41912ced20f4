# PowerDNS's API as two kinds: https://doc.powerdns.com/authoritative/http-api/

# A zone is made whole. A change is a PUT that answers without a body, so the zone is read again.
kind "zone" {
  description = "A DNS zone"
  provider    = "rest"
  collection  = "/zones"
  key         = "name"

  attribute "name" {
    type     = string
    required = true
    replace  = true
  }
  attribute "kind" {
    type    = string
    default = "Native"
  }
  attribute "account" {
    type    = string
    default = ""
  }
  computed "serial" { type = number }

  create {}
  read { query = { rrsets = "false" } }
  update { request = "PUT object" }
  list {}
}

# Record sets have no address of their own: they are made, changed and deleted by a PATCH of their zone, and read with it.
kind "record_set" {
  description = "The records of a name and type in a zone"
  provider    = "rest"
  collection  = "/zones/${zone}"
  object      = "/zones/${zone}"
  key         = ["name", "type"]
  import      = "${zone}/${name}/${type}"

  attribute "zone" {
    type     = string
    required = true
    parent   = true
  }
  attribute "name" {
    type     = string
    required = true
    replace  = true
  }
  attribute "type" {
    type     = string
    required = true
    replace  = true
  }
  attribute "ttl" {
    type    = number
    default = 3600
  }
  attribute "records" {
    type     = set(string)
    required = true
    wrap     = "content"
    unwrap   = "content"
  }

  create {
    request = "PATCH object"
    body    = { rrsets = [merge(object, { changetype = "REPLACE" })] }
  }
  read {
    query  = { rrset_name = name, rrset_type = type }
    answer = one(object.rrsets)
  }
  update {
    request = "PATCH object"
    body    = { rrsets = [merge(object, { changetype = "REPLACE" })] }
  }
  delete {
    request = "PATCH object"
    body    = { rrsets = [{ name = name, type = type, changetype = "DELETE" }] }
  }
  list {
    at    = "rrsets"
    empty = [404]
  }
}
