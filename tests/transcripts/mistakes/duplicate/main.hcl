value "a" {}
