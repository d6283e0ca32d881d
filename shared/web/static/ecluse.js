// Les pages vivent sans ce fichier : il ne fait que tenir leurs chiffres à jour et dire quand ils ne le sont plus.
"use strict";

const SILENCE_MAX = 12_000; // le serveur parle au moins toutes les cinq secondes
const RELANCE = 10_000;
const ANNONCE = 10_000; // un lecteur d'écran n'est pas interrompu plus souvent
const COURBES = 30_000;
const HAUTEUR_JAUGE = 200;
const PIED_JAUGE = 208;

function heure(date) {
  return date.toLocaleTimeString("fr-FR", { timeZone: "Europe/Paris" });
}

/** Écrit une image dans la page ; rend le nombre de chiffres qui ont changé. */
function ecrire(image) {
  let changes = 0;
  for (const lieu of document.querySelectorAll("[data-cle]")) {
    const texte = image.textes[lieu.dataset.cle];
    if (texte === undefined || texte === lieu.textContent) continue;
    lieu.textContent = texte;
    if (!lieu.classList.contains("valeur")) continue;
    changes += 1;
    lieu.classList.add("change");
    setTimeout(() => lieu.classList.remove("change"), 1500);
  }
  for (const lieu of document.querySelectorAll("[data-cle-etat]")) {
    const etat = image.etats[lieu.dataset.cleEtat];
    if (!etat) continue;
    const [code, texte] = etat;
    const mots = lieu.querySelector("span");
    if (lieu.dataset.etat === code && mots.textContent === texte) continue;
    lieu.dataset.etat = code;
    lieu.querySelector("use").setAttribute("href", `#etat-${code}`);
    mots.textContent = texte;
  }
  for (const jauge of document.querySelectorAll("[data-jauge]")) {
    const valeur = image.jauges[jauge.dataset.jauge] ?? 0;
    const part = Math.min(Math.max(valeur / Number(jauge.dataset.maximum), 0), 1);
    const niveau = jauge.querySelector(".niveau");
    niveau.setAttribute("height", HAUTEUR_JAUGE * part);
    niveau.setAttribute("y", PIED_JAUGE - HAUTEUR_JAUGE * part);
  }
  return changes;
}

/** Redessine courbes et tableaux depuis la même page, sans toucher au reste : ni le focus ni le défilement ne bougent. */
async function redessiner() {
  const reponse = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!reponse.ok) return;
  const neuve = new DOMParser().parseFromString(await reponse.text(), "text/html");
  for (const lieu of document.querySelectorAll("[data-fragment]")) {
    const autre = neuve.querySelector(`[data-fragment="${lieu.dataset.fragment}"]`);
    if (!autre) continue;
    const etiquette = autre.getAttribute("aria-label");
    if (etiquette) lieu.setAttribute("aria-label", etiquette);
    lieu.replaceChildren(...autre.childNodes);
  }
}

class Direct {
  constructor(bande) {
    this.bande = bande;
    this.fige = document.getElementById("fige");
    this.diffusion = document.getElementById("diffusion");
    this.annonce = document.getElementById("annonce");
    this.bouton = document.getElementById("pause");
    this.recu = Date.now();
    this.annoncee = 0;
    this.changes = 0;
    this.aTracer = false;
    this.pause = null; // depuis quand l'affichage est figé à la demande
    this.attente = null; // la dernière image reçue pendant ce temps
    this.bouton.hidden = false;
    this.bouton.addEventListener("click", () => this.basculer());
    this.ouvrir();
    setInterval(() => this.veiller(), 1000);
    setInterval(() => this.tracer(), COURBES);
  }

  ouvrir() {
    this.ouverte = Date.now();
    this.source = new EventSource(this.bande.dataset.flux);
    this.source.addEventListener("message", (e) => this.recevoir(JSON.parse(e.data)));
    // Recalculée à l'instant, l'image que cette page a déjà reste la bonne.
    this.source.addEventListener("inchangee", () => this.entendre());
    // Un flux neuf, peut-être d'un autre serveur, ne dit l'interruption que si elle dure.
    this.source.addEventListener("open", () => this.signaler(""));
    this.source.addEventListener("diffusion", (e) => this.signaler(JSON.parse(e.data).texte));
  }

  /** Les chiffres restent justes : chaque serveur les calcule, au lieu d'un seul pour tous. */
  signaler(texte) {
    this.diffusion.textContent = texte;
    this.diffusion.hidden = !texte;
  }

  recevoir(image) {
    if (image.jour !== this.bande.dataset.jour) return location.reload();
    if (this.pause) this.attente = image;
    else this.montrer(image);
    this.entendre();
  }

  entendre() {
    this.recu = Date.now();
    this.veiller();
  }

  montrer(image) {
    this.changes += ecrire(image);
    if (this.changes) this.aTracer = true;
    if (!this.changes || Date.now() - this.annoncee < ANNONCE) return;
    const combien = this.changes === 1 ? "1 chiffre a changé" : `${this.changes} chiffres ont changé`;
    this.annonce.textContent = `${combien}, ${heure(new Date())}`;
    this.annoncee = Date.now();
    this.changes = 0;
  }

  basculer() {
    this.pause = this.pause ? null : new Date();
    this.bouton.textContent = this.pause ? "Reprendre le direct" : "Figer l'affichage";
    if (!this.pause && this.attente) this.montrer(this.attente);
    this.attente = null;
    this.veiller();
  }

  /** Dit, en toutes lettres, que ce qu'on lit n'est plus le présent. */
  veiller() {
    const perdu = Date.now() - this.recu > SILENCE_MAX;
    if (this.source.readyState === EventSource.CLOSED && Date.now() - this.ouverte > RELANCE) this.ouvrir();
    let texte = "";
    if (perdu) texte = `Chiffres figés depuis ${heure(new Date(this.recu))} : liaison perdue, nouvel essai en cours. Si cela dure, recharger la page.`;
    else if (this.pause) texte = `Affichage figé depuis ${heure(this.pause)}`;
    if (this.fige.textContent === texte) return;
    this.fige.textContent = texte;
    this.fige.hidden = !texte;
    document.body.toggleAttribute("data-fige", Boolean(texte));
  }

  tracer() {
    if (!this.aTracer || this.pause || document.hidden) return;
    this.aTracer = false;
    redessiner().catch(() => { this.aTracer = true; });
  }
}

/** Les dates ne servent qu'aux dates choisies : en saisir une choisit cette fenêtre. */
function lierDates(formulaire) {
  const fenetre = formulaire.querySelector("#fenetre");
  if (!fenetre) return;
  for (const date of formulaire.querySelectorAll("input[type=date]")) {
    date.addEventListener("change", () => { fenetre.value = "libre"; });
  }
}

/** Le temps qui reste d'un bail, chaque seconde à l'écran ; la page dit aussi, en clair, l'heure où il finit. */
function decompter(lieu) {
  const fin = Number(lieu.dataset.bail);
  const ecart = Date.now() - Number(lieu.dataset.maintenant); // l'horloge du poste peut se tromper
  const battre = () => {
    const reste = Math.floor((fin - (Date.now() - ecart)) / 1000);
    if (reste > 0) lieu.textContent = `encore ${Math.floor(reste / 60)} min ${String(reste % 60).padStart(2, "0")} s`;
    else lieu.textContent = "bail terminé : l'élément est de nouveau à prendre";
    if (reste > 0) setTimeout(battre, 1000);
  };
  battre();
}

const bande = document.querySelector("[data-flux]");
if (bande) new Direct(bande);
document.querySelectorAll("form.choix").forEach(lierDates);
document.querySelectorAll("[data-bail]").forEach(decompter);
