#!/bin/bash
# Crée les quatre bases, chacune avec deux rôles : le propriétaire fait les migrations, l'application lit et écrit des
# lignes et ne change aucune table. Lancé une fois par l'image de PostgreSQL, sur un volume vide.
set -euo pipefail

for service in contacts production recovery indicators; do
    proprietaire=MDP_${service^^}_PROPRIETAIRE
    application=MDP_${service^^}
    # Par l'environnement et non par les arguments, que « ps » montre.
    MDP_PROPRIETAIRE=${!proprietaire} MDP_APPLICATION=${!application} \
        psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set service="$service" \
        --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv mdp_proprietaire MDP_PROPRIETAIRE
\getenv mdp_application MDP_APPLICATION
\set proprietaire :service _proprietaire
\set application :service _application
CREATE ROLE :"proprietaire" LOGIN PASSWORD :'mdp_proprietaire';
CREATE ROLE :"application" LOGIN PASSWORD :'mdp_application';
-- L'ordre des octets : il ne change pas avec la version de la bibliothèque C, et les index restent justes.
CREATE DATABASE :"service" OWNER :"proprietaire" TEMPLATE template0 ENCODING 'UTF8'
    LOCALE_PROVIDER libc LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"service" TO :"application";
\connect :"service"
ALTER SCHEMA public OWNER TO :"proprietaire";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"application";
ALTER DEFAULT PRIVILEGES FOR ROLE :"proprietaire" IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"application";
ALTER DEFAULT PRIVILEGES FOR ROLE :"proprietaire" IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO :"application";
SQL
done

# Les bases du système ne sont à personne d'autre que l'administrateur.
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --command 'REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC'
