//! Hashes, random names and ciphers: `md5`, `sha…`, their `base64…` and `file…` forms, `bcrypt`, `rsadecrypt`, `uuid…`.

use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::{Pkcs1v15Encrypt, RsaPrivateKey};
use sha2::Digest;
use uuid::Uuid;

use crate::value::{Type, Value};

use super::arguments::Arguments;
use super::call::CallError;
use super::encoding::{from_base64, to_base64};
use super::filesystem::read_for_hash;
use super::{Function, Param, text};

const STR: &[Param] = &[Param::text("str")];
const PATH: &[Param] = &[Param::text("path")];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base64sha256", STR, text, |a| base64(&sha256(of_text(a)?))),
    Function::new("base64sha512", STR, text, |a| base64(&sha512(of_text(a)?))),
    Function::new("bcrypt", STR, text, bcrypt).variadic(Param::number("cost")),
    Function::new("filebase64sha256", PATH, text, |a| base64(&sha256(read_for_hash(a)?))),
    Function::new("filebase64sha512", PATH, text, |a| base64(&sha512(read_for_hash(a)?))),
    Function::new("filemd5", PATH, text, |a| hex(&md5(read_for_hash(a)?))),
    Function::new("filesha1", PATH, text, |a| hex(&sha1(read_for_hash(a)?))),
    Function::new("filesha256", PATH, text, |a| hex(&sha256(read_for_hash(a)?))),
    Function::new("filesha512", PATH, text, |a| hex(&sha512(read_for_hash(a)?))),
    Function::new("md5", STR, text, |a| hex(&md5(of_text(a)?))),
    Function::new("rsadecrypt", &[Param::text("ciphertext"), Param::text("privatekey")], text, rsa_decrypt),
    Function::new("sha1", STR, text, |a| hex(&sha1(of_text(a)?))),
    Function::new("sha256", STR, text, |a| hex(&sha256(of_text(a)?))),
    Function::new("sha512", STR, text, |a| hex(&sha512(of_text(a)?))),
    Function::new("uuid", &[], text, uuid),
    Function::new("uuidv5", &[Param::text("namespace"), Param::text("name")], text, uuid_v5),
];

fn of_text(args: &Arguments) -> Result<Vec<u8>, CallError> {
    Ok(args.text(0).as_bytes().to_vec())
}

fn md5(bytes: Vec<u8>) -> Vec<u8> {
    md5::Md5::digest(bytes).to_vec()
}

fn sha1(bytes: Vec<u8>) -> Vec<u8> {
    sha1::Sha1::digest(bytes).to_vec()
}

fn sha256(bytes: Vec<u8>) -> Vec<u8> {
    sha2::Sha256::digest(bytes).to_vec()
}

fn sha512(bytes: Vec<u8>) -> Vec<u8> {
    sha2::Sha512::digest(bytes).to_vec()
}

fn hex(bytes: &[u8]) -> Result<Value, CallError> {
    Ok(Value::string(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

fn base64(bytes: &[u8]) -> Result<Value, CallError> {
    Ok(Value::string(to_base64(bytes)))
}

/// The cost that Terraform takes where none is given, or one below the least.
const DEFAULT_COST: u32 = 10;

fn bcrypt(args: &Arguments) -> Result<Value, CallError> {
    let cost = match args.len() {
        1 => i64::from(DEFAULT_COST),
        2 => args.integer(1)?,
        _ => return Err(CallError::failed("bcrypt() takes no more than two arguments")),
    };
    let cost = match u32::try_from(cost) {
        Ok(cost @ 4..=31) => cost,
        Err(_) | Ok(..4) if cost < 4 => DEFAULT_COST,
        _ => {
            return Err(CallError::failed(format!("cost {cost} is outside allowed range (4,31)")));
        }
    };
    if args.host.pure_only() {
        return Ok(Value::unknown(Type::String));
    }
    let hash = bcrypt::non_truncating_hash_with_result(args.text(0), cost);
    let hash =
        hash.map_err(|error| CallError::failed(format!("error occurred generating password: {error}")))?;
    Ok(Value::string(hash.format_for_version(bcrypt::Version::TwoA)))
}

fn rsa_decrypt(args: &Arguments) -> Result<Value, CallError> {
    let sealed = from_base64(args.text(0)).ok_or_else(|| {
        let text = args.quoted(0, args.text(0));
        CallError::argument(0, format!("failed to decode input {text}: cipher text must be base64-encoded"))
    })?;
    let pem = args.text(1);
    let key = RsaPrivateKey::from_pkcs1_pem(pem).ok().or_else(|| RsaPrivateKey::from_pkcs8_pem(pem).ok());
    let key = key.ok_or_else(|| {
        CallError::argument(1, "invalid private key: it must be an RSA key in PEM, not encrypted")
    })?;
    let plain = key.decrypt(Pkcs1v15Encrypt, &sealed);
    let plain = plain.map_err(|error| CallError::failed(format!("failed to decrypt: {error}")))?;
    let text = String::from_utf8(plain);
    let text = text.map_err(|_| CallError::failed("what was encrypted is not valid UTF-8"))?;
    Ok(Value::string(text))
}

fn uuid(args: &Arguments) -> Result<Value, CallError> {
    let id = args.host.random_uuid();
    Ok(id.map_or_else(|| Value::unknown(Type::String), Value::string))
}

fn uuid_v5(args: &Arguments) -> Result<Value, CallError> {
    let given = args.text(0);
    let namespace = match given {
        "dns" => Uuid::NAMESPACE_DNS,
        "url" => Uuid::NAMESPACE_URL,
        "oid" => Uuid::NAMESPACE_OID,
        "x500" => Uuid::NAMESPACE_X500,
        given => Uuid::parse_str(given).map_err(|_| {
            let (given, length) = (args.shown(0, given), given.len());
            let why = match length {
                32 | 36 | 38 | 45 => "invalid UUID format".to_owned(),
                length => format!("invalid UUID length: {length}"),
            };
            CallError::failed(format!("uuidv5() doesn't support namespace {given} ({why})"))
        })?,
    };
    Ok(Value::string(Uuid::new_v5(&namespace, args.text(1).as_bytes()).to_string()))
}
