# Les gestes du dépôt. Chacun installe d'abord ce qui lui manque, dans $(VENV) et nulle part ailleurs.
VENV ?= .venv
PYTHON ?=
N ?= 200
TESTS ?=
MESURES ?=
JEU ?= build/jeu-091-2023
EPINGLES ?= petit
ANNEES ?= 091/2023 661/2023 441/2024
GRAINES ?= 5
JOBS ?= 2

export PYTHON
bin := $(VENV)/bin
# Un verrou est installé une fois ; il l'est à nouveau quand il change, ou quand pyproject.toml change.
produit := $(VENV)/.produit
dev := $(VENV)/.dev
mesures := $(VENV)/.bench
quix := $(VENV)/quix
pytest := $(bin)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-panne test test-complet serveurs check lock bench bench-kafka bench-fold chaos chaos-kafka mutants reproduce docs jeu epingler clean

help: ## cette liste
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(dev) ## installe tout ce qu'il faut pour développer

demo: $(produit) ## lance Écluse avec une journée de la Caf 091, sur http://127.0.0.1:8080
	@$(bin)/ecluse up --demo 091 --data-dir ./data

demo-panne: $(produit) ## tue le processus en pleine charge, le relance, compte ce qui est perdu ou doublé
	@$(bin)/ecluse panne

# Quatre à la fois, même sur deux cœurs : les tests sur de vrais processus passent leur temps à les attendre.
test: $(dev) ## passe les tests (TESTS=tests/unit pour une partie)
	$(pytest) -n 4 --dist loadfile -m "not complet and not longue" $(TESTS)

test-complet: $(dev) ## passe les tests sur le mois entier, dont le fichier est à côté du dépôt
	$(pytest) -m complet

serveurs: $(dev) ## lance un à un PostgreSQL, Redis et Kafka comme le font les tests, et dit ce qui manque
	@$(bin)/python -m tests.infra

check: $(dev) ## vérifie forme, types, contrats d'import et verrous
	$(bin)/python -m ruff check .
	$(bin)/python -m ruff format --check .
	$(bin)/python -m mypy
	$(bin)/lint-imports --no-logo
	$(bin)/python -m outils.verrous --verifier

lock: $(dev) ## met à jour les verrous de dépendances
	$(bin)/python -m outils.verrous

bench: $(mesures) ## mesure les vitesses et la mémoire sur cette machine
	@$(bin)/python -m bench $(MESURES)

bench-kafka: $(mesures) ## mesure le mode réparti, avec de vrais serveurs, sur cette machine
	@$(bin)/python -m bench.kafka $(MESURES)

# L'année entière prend une heure (MESURES=--complet) ; sans elle, un vingtième en quelques minutes.
bench-fold: $(mesures) $(quix)/.fait ## compare le pli à d'autres sur un même journal, et mesure ce qu'il coûte de l'interroger
	@QUIX_PYTHON=$(quix)/bin/python $(bin)/python -m bench.fold $(MESURES)

chaos: $(dev) ## tue le processus N fois sous charge et compare à l'oracle (N=200)
	$(bin)/python -m tests.chaos --tirs $(N)

# Une partie comme celle de l'intégration continue, sauf si N est donné : chaque genre de panne deux fois au moins.
chaos-kafka: $(dev) ## casse tout sous charge en mode réparti, N fois, et compare à l'oracle (N= pour durer)
	$(if $(filter command,$(firstword $(origin N))),$(bin)/python -m tests.chaos_kafka --tirs $(N),$(pytest) -s -m longue)

mutants: $(dev) ## sème des bogues connus : la suite doit tous les voir
	$(bin)/python -m tests.mutants

# Les volumes réels, cinq fois chaque année, JOBS à la fois : des heures. Chaque année comptée reste dans
# build/reproduction : interrompu, le geste reprend à la suivante. Une entrée qui ne revient pas se lit dans
# la page, et le geste échoue une fois toutes les pages écrites.
reproduce: $(produit) ## simule en entier les années publiées et écrit docs/reproduction (ANNEES=, GRAINES=5)
	@manque=0; for annee in $(ANNEES); do \
		$(bin)/ecluse simulate --check $$annee --seeds $(GRAINES) --jobs $(JOBS) --pages docs/reproduction --reprise build/reproduction || manque=1; \
	done; exit $$manque

docs: $(dev) ## écrit ce qui est tiré du code : événements, indicateurs, réglages, tableaux de Grafana
	$(bin)/ecluse events docs
	$(bin)/python -m services.indicators.docs
	$(bin)/python -m ecluse.distribue.docs
	$(bin)/python -m outils.tableaux

jeu: $(dev) ## écrit l'année simulée de référence en Parquet, avec ses chiffres, dans JEU=build/jeu-091-2023
	@$(bin)/ecluse jeu-de-donnees $(JEU)

# Après un changement voulu du simulateur ou d'un chiffre ; EPINGLES="petit standard" refait aussi l'année entière.
epingler: $(dev) ## refait les jeux de référence et écrit leurs empreintes (EPINGLES=petit)
	@$(bin)/python -m outils.epingler $(EPINGLES)

clean: ## efface l'environnement et les caches, jamais ./data
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(produit): requirements.lock pyproject.toml outils/preparer.sh
	@outils/preparer.sh $(VENV) requirements.lock
	@touch $@

$(dev): requirements-dev.lock $(produit)
	@outils/preparer.sh $(VENV) requirements-dev.lock
	@touch $@

$(quix)/.fait: bench/fold/requirements.lock $(produit)
	@outils/preparer.sh $(quix) bench/fold/requirements.lock
	@touch $@

$(mesures): bench/requirements.lock $(produit)
	@outils/preparer.sh $(VENV) bench/requirements.lock
	@touch $@
