#!/bin/sh
# Installe Écluse et un verrou de dépendances dans un environnement Python à part.
#
#     outils/preparer.sh DOSSIER VERROU        par exemple : outils/preparer.sh .venv requirements.lock
#
# pip fait tout le travail, depuis l'extérieur de l'environnement : il suit ainsi sa propre configuration (miroir
# d'index, certificats, mandataire), n'écrit rien dans le Python du système, et ensurepip n'est pas nécessaire.
# PYTHON=/chemin/vers/python impose un interpréteur.
set -eu

dossier=$1
verrou=$2
cd "$(dirname "$0")/.."

fail() {
    printf '%s\n' "$*" >&2
    exit 2
}

# Vrai si ce Python est dans les bornes de pyproject.toml.
suits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

choose_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        if suits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Écluse demande Python 3.11, 3.12 ou 3.13 ; ${PYTHON:-python3} ne convient pas ou manque" \
        "($("${PYTHON:-python3}" --version 2>&1 || true))." \
        "Installez-en un, ou indiquez-le : make setup PYTHON=/chemin/vers/python3.13"
}

# Le pip du Python choisi, sinon celui qu'ensurepip peut poser dans l'environnement.
choose_pip() {
    if "$python" -m pip --version >/dev/null 2>&1; then
        echo "$python -m pip --python $dossier/bin/python"
    elif "$dossier/bin/python" -m ensurepip >/dev/null 2>&1; then
        echo "$dossier/bin/python -m pip"
    else
        fail "pip manque pour $python. Installez-le (sous Debian : apt install python3-pip), puis recommencez."
    fi
}

python=$(choose_python)
if ! suits "$dossier/bin/python"; then
    "$python" -m venv --clear --without-pip "$dossier" ||
        fail "L'environnement $dossier n'a pas pu être créé avec $python : voir le message ci-dessus."
fi
pip=$(choose_pip)

printf 'Installation de %s dans %s (une à deux minutes la première fois)…\n' "$verrou" "$dossier"
# Un réglage personnel « user = true » est sans objet dans un environnement à part, et pip refuserait d'y installer.
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1
$pip install --quiet --require-hashes -r "$verrou" ||
    fail "Les dépendances n'ont pas pu être installées : voir le message de pip ci-dessus." \
        "Derrière un miroir, indiquez-le à pip : pip config set global.index-url https://…"
$pip install --quiet --no-deps --no-build-isolation --editable .
