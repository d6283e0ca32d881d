"""Plateforme: lag, freshness, invariants, errors; what the processes of the distributed mode show besides."""

from typing import Final

from outils.tableaux.direction import freshness
from outils.tableaux.panneaux import Tableau
from outils.tableaux.requetes import Chiffre, Courbe, page_of

_TENU: Final = (("0", "✔ Tenu", "green"),)
REPARTI: Final = "Mode réparti seulement"


def plateforme() -> Tableau:
    """The dashboard."""
    t = Tableau("plateforme", "Plateforme", "Retards, fraîcheur, contrôles des chiffres, erreurs.", depuis="now-24h")
    t.row("Fraîcheur")
    t.figures(*freshness())
    t.row("Contrôles des chiffres")
    t.figures(
        Chiffre(
            "Balance des pièces (écart)",
            'ecluse:indicator:figure{caf="$caf", code="BALANCE", fenetre="mois"}',
            "nombre",
            page_of("BALANCE"),
            _TENU,
        ),
        Chiffre("Loi de Little (écart)", 'ecluse:little:gap{caf="$caf"}', "nombre", page_of("BALANCE"), _TENU),
        Chiffre("Lettres mortes ouvertes", "sum(ecluse:dead_letters:open)", "nombre", "/etat"),
        Chiffre("Processus muets", 'count(up{job="ecluse"} == 0) or vector(0)', "nombre", "/etat"),
    )
    t.table(
        "Alertes en cours",
        "nombre",
        (("Nombre", 'count by (alertname, severite, caf, alertstate) (ALERTS{alertname=~"Ecluse.*"})'),),
        {"alertname": "Alerte", "severite": "Sévérité", "caf": "Caf", "alertstate": "État"},
        description="« pending » : la condition tient, l'alerte attend qu'elle dure. Vide : rien à signaler.",
        page="/etat",
    )
    t.row("Retards")
    t.graph("Âge des chiffres", "secondes", "/etat", Courbe("ecluse:figures:age_seconds", "Âge"))
    t.graph("Retard du pli", "secondes", "/etat", Courbe("ecluse:consumer:lag_seconds", "{{source}}"))
    t.graph(
        "Événements à appliquer",
        "nombre",
        "/etat",
        Courbe("max by (source) (ecluse_consumer_lag_records)", "{{source}}"),
    )
    t.graph(
        "Messages qui attendent un enregistrement",
        "nombre",
        "/etat",
        Courbe("sum by (service) (ecluse_writer_waiting)", "{{service}}"),
    )
    t.row("Erreurs et coût")
    t.graph("Lettres mortes ouvertes", "nombre", "/etat", Courbe("ecluse:dead_letters:open", "{{service}}"))
    t.graph("Processus joints", "nombre", "/etat", Courbe('up{job="ecluse"}', "{{instance}}"))
    t.graph(
        "Durée du calcul des chiffres exportés",
        "secondes",
        "/etat",
        Courbe("max(ecluse_figures_snapshot_duration_seconds)", "Dernier calcul"),
    )
    t.row(REPARTI)
    t.graph(
        "Requêtes",
        "par seconde",
        "/etat",
        Courbe("sum by (service, status) (ecluse:http:requests)", "{{service}} {{status}}"),
    )
    t.graph(
        "Durée des requêtes, 95e centile",
        "secondes",
        "/etat",
        Courbe("ecluse:http:duration_seconds_p95", "{{service}} {{role}}"),
    )
    t.graph(
        "Durée des lots, 95e centile", "secondes", "/etat", Courbe("ecluse:batch:duration_seconds_p95", "{{topic}}")
    )
    t.graph("Retard de lecture", "secondes", "/etat", Courbe("ecluse:reader:lag_seconds", "{{topic}}"))
    t.graph("Attente de publication", "secondes", "/etat", Courbe("ecluse:publisher:backlog_seconds", "{{service}}"))
    t.graph(
        "Connexions à la base",
        "nombre",
        "/etat",
        Courbe("sum by (service, usage) (ecluse_database_connections_in_use)", "{{service}} {{usage}}"),
    )
    t.graph(
        "Redis absent",
        "nombre",
        "/etat",
        Courbe("max by (service) (ecluse_redis_degraded)", "{{service}}"),
        description="1 : ce processus fait sans Redis, plus lentement ; aucun chiffre n'en dépend.",
    )
    return t
