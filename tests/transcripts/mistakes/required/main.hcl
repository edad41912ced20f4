instance "a" {}
