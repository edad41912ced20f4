data "instance" "support" {
  name = "Support desk"
}
