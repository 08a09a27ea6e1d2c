#!/usr/bin/env bash
# Verifies a folder that `kedge audit export` wrote, with openssl, sha256sum, jq and od alone.
#
#   bash verify-export.sh <folder> <digest of the first charter>
#
# It trusts the digest and nothing in the folder. docs/audit.md says what it shows and what not.
set -euo pipefail
if [ $# -ne 2 ] || [ ! -d "$1" ]; then
  echo "usage: bash verify-export.sh <folder of kedge audit export> <digest of the first charter>" >&2
  exit 2
fi
cd "$1"
pin=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
zeros=$(printf '0%.0s' {1..64})

wrong() { echo "WRONG: $*" >&2; exit 1; }
sha() { sha256sum | cut -d' ' -f1; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
unhex() { printf "$(sed 's/../\\x&/g')"; }
leaf() { { printf '\000'; cat; } | sha; }
inner() { { printf '\001'; printf '%s%s' "$1" "$2" | unhex; } | sha; }

# verify <algorithm> <base64 of the public key> <message file> <signature file>
verify() {
  base64 -d <<<"$2" >"$work/key.der"
  if [ "$1" = ed25519 ]; then
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" -rawin -in "$3" \
      -sigfile "$4" >/dev/null 2>&1
    return
  fi
  # ECDSA signatures are r and s in a row; openssl wants them in DER.
  local bytes half
  bytes=$(hex <"$4")
  half=$((${#bytes} / 2))
  printf 'asn1=SEQUENCE:both\n[both]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' \
    "${bytes:0:half}" "${bytes:half}" >"$work/both.cnf"
  openssl asn1parse -genconf "$work/both.cnf" -noout -out "$work/sig.der" >/dev/null
  openssl pkey -pubin -inform DER -in "$work/key.der" -out "$work/key.pem" 2>/dev/null
  openssl dgst "-${1##*-}" -verify "$work/key.pem" -signature "$work/sig.der" "$3" >/dev/null 2>&1
}

# signers <statement file> <charter>: names of the signers of the charter whose signature is good.
signers() {
  local payload type='application/vnd.in-toto+json'
  jq -j .payload "$1" | base64 -d >"$work/payload"
  payload=$(stat -c %s "$work/payload")
  { printf 'DSSEv1 %s %s %s ' "${#type}" "$type" "$payload"; cat "$work/payload"; } >"$work/pae"
  jq -r '.signers[] | .id as $id | .keys[] | [$id, .alg, .spki] | @tsv' "$2" >"$work/keys"
  jq -r '.signatures[].sig' "$1" >"$work/sigs"
  while read -r signature; do
    base64 -d <<<"$signature" >"$work/sig"
    while IFS=$'\t' read -r id alg spki; do
      if verify "$alg" "$spki" "$work/pae" "$work/sig"; then echo "$id"; fi
    done <"$work/keys"
  done <"$work/sigs" | sort -u
}

# quorum <statement file> <charter> <jq of the role>: says whether enough signers of the role signed.
quorum() {
  local role
  role=$(jq -c "$3" "$2")
  [ "$role" != null ] || return 1
  signers "$1" "$2" | jq -Rne --argjson role "$role" \
    '[inputs] | [.[] | select(IN($role.signers[]))] | length >= $role.threshold' >/dev/null
}

# recovered <statement file> <charter> <charter before>: enough revealed keys of the recovery role.
recovered() {
  local good=0 alg spki signature
  while IFS=$'\t' read -r alg spki; do
    { printf '%s' "$alg"; base64 -d <<<"$spki"; } | sha >"$work/id"
    jq -e --rawfile id "$work/id" '.roles.recovery.keyDigests | index($id | rtrimstr("\n"))' "$3" \
      >/dev/null || continue
    while read -r signature; do
      base64 -d <<<"$signature" >"$work/sig"
      if verify "$alg" "$spki" "$work/pae" "$work/sig"; then good=$((good + 1)); break; fi
    done < <(jq -r '.signatures[].sig' "$1")
  done < <(jq -r '.revealed // [] | .[] | [.alg, .spki] | @tsv' "$2")
  [ "$good" -ge "$(jq '.roles.recovery.threshold // 1' "$3")" ]
}

# chain <stream folder>: bodies, order and signatures of all statements of a stream.
chain() {
  local stream=${1#streams/} previous=$zeros n=1 statement body
  while [ -e "$1/$n.dsse.json" ]; do
    statement=$1/$n.dsse.json body=$1/$n.body.json
    jq -j .payload "$statement" | base64 -d >"$work/payload"
    jq -e --arg stream "$stream" --arg previous "$previous" --arg body "$(sha <"$body")" \
      --argjson n "$n" '.predicate.stream == $stream and .predicate.sequence == $n
        and .predicate.previous == $previous and .subject[0].digest.sha256 == $body' \
      "$work/payload" >/dev/null || wrong "$statement does not fit its place or its body"
    previous=$(sha <"$work/payload")
    echo "$stream $n $previous" >>"$work/digests"
    if [ "$stream" = charter ]; then
      [ $n -gt 1 ] || [ "$previous" = "$pin" ] || wrong "the first charter is not the pinned one"
      quorum "$statement" "$body" .roles.charter || wrong "$statement has no quorum of its own"
      [ $n = 1 ] || quorum "$statement" "$1/$((n - 1)).body.json" .roles.charter \
        || recovered "$statement" "$body" "$1/$((n - 1)).body.json" \
        || wrong "$statement has no quorum of the charter before"
    else
      released "$statement" "${stream#*/}" "${stream%%/*}" || wrong "$statement has no quorum"
      for id in $(jq -r '.anchors[]?.id' "$body"); do
        [ "$(openssl x509 -in "anchors/$id.pem" -outform DER | sha)" = "$id" ] \
          || wrong "anchors/$id.pem is another certificate"
      done
    fi
    proof "$1/$n.tlog-proof" "$(leaf <"$work/payload")" $((n - 1)) "$1/checkpoint"
    n=$((n + 1))
  done
  echo "$stream: $((n - 1)) statements, each signed by enough signers and after the one before"
}

# released <statement file> <bundle> <kind>: a quorum of the charter that it names, or a later one.
released() {
  local version role charter
  role='. as $c | [.delegations[] | select(.bundle == $b)]
    + ([.delegations[] | select(.bundle | startswith("*")) | select(.bundle[1:] as $s | $b | endswith($s))]
    | sort_by(.bundle | length) | reverse) | .[0].role // $c.roles.release'
  version=$(jq -j .payload "$1" | base64 -d | jq .predicate.charterVersion)
  while charter=streams/charter/$version.body.json && [ -e "$charter" ]; do
    if [ "$3" = rollout ]; then
      if quorum "$1" "$charter" .roles.rollout; then return 0; fi
    elif quorum "$1" "$charter" "\"$2\" as \$b | $role"; then return 0
    elif quorum "$1" "$charter" .roles.revoke; then return 0; fi
    version=$((version + 1))
  done
  return 1
}

# proof <file> <leaf> <index> <checkpoint>: an inclusion proof (RFC 9162, section 2.1.3.2).
proof() {
  [ -e "$1" ] || return 0
  local node=$2 first=$3 last root
  sed '1,/^$/d' "$1" | cmp -s - "$4" || wrong "$1 leads to another checkpoint"
  [ "$(sed -n 2p "$1")" = "index $3" ] || wrong "$1 is about another statement"
  last=$(($(sed -n 2p "$4") - 1))
  root=$(sed -n 3p "$4" | base64 -d | hex)
  while read -r sibling; do
    sibling=$(base64 -d <<<"$sibling" | hex)
    if [ $((first % 2)) = 1 ] || [ "$first" = "$last" ]; then
      node=$(inner "$sibling" "$node")
      while [ $((first % 2)) = 0 ] && [ "$first" != 0 ]; do first=$((first / 2)) last=$((last / 2)); done
    else
      node=$(inner "$node" "$sibling")
    fi
    first=$((first / 2)) last=$((last / 2))
  done < <(sed '1,2d;/^$/,$d' "$1")
  [ "$last" = 0 ] && [ "$node" = "$root" ] || wrong "$1 does not prove what it says"
}

# cosigned <checkpoint>: which regions of any charter signed it, and when.
cosigned() {
  local name blob region spki seconds
  head -n 3 "$1" >"$work/text"
  sed '1,4d' "$1" | while read -r _ name blob; do
    base64 -d <<<"$blob" >"$work/blob"
    seconds=$((16#$(hex <"$work/blob" | cut -c9-24)))
    tail -c 64 "$work/blob" >"$work/sig"
    { printf 'cosignature/v1\ntime %s\n' "$seconds"; cat "$work/text"; } >"$work/message"
    region=${name##*/}
    jq -r --arg region "$region" '.regions[] | select(.name == $region) | .keys[]
      | select(.alg == "ed25519") | .spki' streams/charter/*.body.json | sort -u >"$work/keys"
    while read -r spki; do
      if verify ed25519 "$spki" "$work/message" "$work/sig"; then
        echo "$1: cosigned by region $region at $(date -u -d "@$seconds" +%FT%TZ)"
      fi
    done <"$work/keys"
  done
}

# log: the entries are those of the checkpoint.
log() {
  local peaks size hash at root entry
  mapfile -t peaks < <(jq -r '.peaks[]' audit/removed.json | while read -r p; do
    base64 -d <<<"$p" | hex; echo; done)
  size=$(jq .first audit/removed.json)
  while IFS= read -r entry; do
    hash=$(printf '%s' "$entry" | leaf)
    at=$size
    while [ $((at % 2)) = 1 ]; do
      hash=$(inner "${peaks[-1]}" "$hash")
      unset 'peaks[-1]'
      at=$((at / 2))
    done
    peaks+=("$hash")
    size=$((size + 1))
  done <audit/entries.jsonl
  if [ "$size" = 0 ]; then root=$(printf '' | sha); else root=${peaks[-1]}; fi
  for ((at = ${#peaks[@]} - 2; at >= 0; at--)); do root=$(inner "${peaks[at]}" "$root"); done
  [ "$size" = "$(sed -n 2p audit/checkpoint)" ] || wrong "the audit log has another length"
  [ "$root" = "$(sed -n 3p audit/checkpoint | base64 -d | hex)" ] || wrong "the audit log was changed"
  echo "audit log: $size entries, unchanged and none left out"
}

# claims: what the entries call accepted is in the chains.
claims() {
  jq -r 'select(.what == "accepted") | "\(.stream) \(.sequence) \(.digest)"' audit/entries.jsonl |
    while read -r stream sequence digest; do
      grep -q "^$stream $sequence " "$work/digests" || continue
      grep -qx "$stream $sequence $digest" "$work/digests" \
        || echo "note: sequence $sequence of $stream was accepted and is not in the chain (a fork?)"
    done
}

log
chain streams/charter
for folder in streams/*/*/; do [ ! -d "$folder" ] || chain "${folder%/}"; done
claims
for checkpoint in audit/checkpoint streams/charter/checkpoint streams/*/*/checkpoint; do
  [ ! -e "$checkpoint" ] || cosigned "$checkpoint"
done
echo "GOOD"
