#!/bin/sh
# Prépare un premier départ : écrit .env (les secrets tirés au hasard) et secrets/jeton. Ce qui existe n'est pas touché.
#
#     deploy/preparer.sh            dans le dépôt
#     deploy/preparer.sh DOSSIER    ailleurs
set -eu

depot=$(cd "$(dirname "$0")/.." && pwd)
dossier=${1:-$depot}
umask 077

draw() {
    od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n'
}

if [ -e "$dossier/.env" ]; then
    echo "$dossier/.env est déjà là : gardé."
else
    while IFS= read -r ligne; do
        case $ligne in
            MDP_*=) printf '%s%s\n' "$ligne" "$(draw)" ;;
            *) printf '%s\n' "$ligne" ;;
        esac
    done <"$depot/.env.example" >"$dossier/.env.nouveau"
    mv "$dossier/.env.nouveau" "$dossier/.env"
    echo "$dossier/.env écrit : à garder, les bases sont créées avec ces mots de passe."
fi

if [ -e "$dossier/secrets/jeton" ]; then
    echo "$dossier/secrets/jeton est déjà là : gardé."
else
    # Le dossier est fermé aux autres ; le fichier, monté dans des conteneurs de plusieurs utilisateurs, leur est lisible.
    mkdir -p "$dossier/secrets"
    draw >"$dossier/secrets/jeton"
    chmod 444 "$dossier/secrets/jeton"
    echo "$dossier/secrets/jeton écrit : le jeton Bearer de l'API."
fi
