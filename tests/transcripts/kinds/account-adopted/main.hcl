account "desk" {
  external_id = "desk"
  name        = "Help desk"
}
