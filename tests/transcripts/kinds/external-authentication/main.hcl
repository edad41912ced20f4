variable "refresh_token" {
  type      = string
  sensitive = true
  default   = "s3cret-refresh-1"
}

instance "crm" {
  element                 = "hubspotcrm"
  external_authentication = "initial"
  configuration = {
    "authentication.type"      = "oauth2"
    "oauth.api.key"            = "s3cret-key"
    "oauth.api.secret"         = "s3cret-secret"
    "oauth.callback.url"       = "https://example.com/oauth"
    "oauth.user.refresh_token" = var.refresh_token
  }
}
