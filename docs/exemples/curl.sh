#!/usr/bin/env bash
# Émet une pièce arrivée vers Écluse, avec curl.
#
#   ./curl.sh http://127.0.0.1:8080 data/local-token
#   ECLUSE_URL=https://ecluse.example ECLUSE_JETON=… ./curl.sh
#
# Sort avec 0 si la porte a pris l'événement. L'envoi se répète sans danger : la porte reconnaît (source, id).
set -euo pipefail

url=${1:-${ECLUSE_URL:?donner une adresse, ou ECLUSE_URL}}
jeton=${2:+$(<"$2")}
jeton=${jeton:-${ECLUSE_JETON:?donner le fichier du jeton, ou ECLUSE_JETON}}
maintenant=$(date -u +%Y-%m-%dT%H:%M:%SZ)
id=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

# Le jeton passe par un descripteur : sur la ligne de commande, tout le monde le lirait.
curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused --max-time 30 \
  --header @<(printf 'Authorization: Bearer %s' "$jeton") \
  --header 'Content-Type: application/cloudevents+json' \
  --data-binary @- "$url/v1/evenements" <<JSON
{
  "specversion": "1.0",
  "id": "$id",
  "source": "/exemples/curl",
  "type": "fr.caf.piece.arrivee.v1",
  "subject": "D-exemple",
  "time": "$maintenant",
  "caf": "091",
  "data": {
    "piece": "P-$id",
    "nature": "demande_rsa",
    "canal": "web",
    "arrivee_le": "$maintenant",
    "minima_sociaux": true
  }
}
JSON
echo
