// Émet une pièce arrivée vers Écluse, avec Node 20 et rien d'autre.
//
//   node emettre.mjs http://127.0.0.1:8080 data/local-token
//   ECLUSE_URL=https://ecluse.example ECLUSE_JETON=… node emettre.mjs
//
// Sort avec 0 si la porte a pris l'événement.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const [url = process.env.ECLUSE_URL, fichier] = process.argv.slice(2);
const jeton = fichier ? readFileSync(fichier, 'utf8').trim() : process.env.ECLUSE_JETON;
if (!url || !jeton) {
  console.error('donner une adresse et un fichier de jeton, ou ECLUSE_URL et ECLUSE_JETON');
  process.exit(2);
}

const maintenant = new Date().toISOString();
const evenement = {
  specversion: '1.0',
  id: randomUUID(),
  source: '/exemples/node',
  type: 'fr.caf.piece.arrivee.v1',
  subject: 'D-exemple',
  time: maintenant,
  caf: '091',
  data: {
    piece: `P-${randomUUID()}`,
    nature: 'demande_rsa',
    canal: 'web',
    arrivee_le: maintenant,
    minima_sociaux: true,
  },
};

async function send(octets) {
  return fetch(`${url}/v1/evenements`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${jeton}`, 'Content-Type': 'application/cloudevents+json' },
    body: octets,
    signal: AbortSignal.timeout(30_000),
  });
}

// Le même événement, avec le même id, se renvoie sans danger : la porte reconnaît (source, id).
async function sendUntilAnswered(octets, essais = 5) {
  for (let essai = 1; ; essai += 1) {
    try {
      const reponse = await send(octets);
      if ((reponse.status < 500 && reponse.status !== 429) || essai === essais) return reponse;
    } catch (erreur) {
      if (essai === essais) throw erreur;
    }
    await wait(200 * 2 ** essai);
  }
}

const reponse = await sendUntilAnswered(JSON.stringify(evenement));
console.log(await reponse.text());
process.exitCode = reponse.status === 202 ? 0 : 1;
