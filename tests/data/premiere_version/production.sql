CREATE TABLE journal (
	id INTEGER NOT NULL,
	position INTEGER,
	precedent INTEGER NOT NULL,
	partition INTEGER NOT NULL,
	cle VARCHAR NOT NULL,
	type VARCHAR NOT NULL,
	octets BLOB NOT NULL,
	enregistre_le INTEGER NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (position)
);
CREATE TABLE publieur (
	service VARCHAR NOT NULL,
	epoque INTEGER NOT NULL,
	assigne INTEGER NOT NULL,
	confirme INTEGER NOT NULL,
	tetes BLOB NOT NULL,
	PRIMARY KEY (service)
);
CREATE TABLE epoque (
	numero INTEGER NOT NULL,
	marque VARCHAR NOT NULL,
	depuis INTEGER NOT NULL,
	PRIMARY KEY (numero)
);
CREATE TABLE repere (
	consommateur VARCHAR NOT NULL,
	source VARCHAR NOT NULL,
	generation INTEGER NOT NULL,
	partition INTEGER NOT NULL,
	position INTEGER NOT NULL,
	"offset" INTEGER NOT NULL,
	marque VARCHAR NOT NULL,
	PRIMARY KEY (consommateur, source, generation, partition)
);
CREATE TABLE boite (
	cle VARCHAR NOT NULL,
	empreinte BLOB NOT NULL,
	PRIMARY KEY (cle)
)
 WITHOUT ROWID

;
CREATE TABLE lettre_morte (
	numero INTEGER NOT NULL,
	evenement_source VARCHAR NOT NULL,
	evenement_id VARCHAR NOT NULL,
	type VARCHAR NOT NULL,
	caf VARCHAR NOT NULL,
	objet VARCHAR NOT NULL,
	motif VARCHAR NOT NULL,
	detail VARCHAR NOT NULL,
	octets BLOB NOT NULL,
	recue_le INTEGER NOT NULL,
	essais INTEGER NOT NULL,
	close_le INTEGER,
	close_par VARCHAR,
	PRIMARY KEY (numero)
);
CREATE INDEX lettre_morte_evenement ON lettre_morte (evenement_source, evenement_id);
CREATE INDEX lettre_morte_ouverte ON lettre_morte (numero) WHERE close_le IS NULL;
CREATE TABLE element (
	cle VARCHAR NOT NULL,
	corbeille VARCHAR NOT NULL,
	caf VARCHAR NOT NULL,
	objet VARCHAR NOT NULL,
	dossier VARCHAR NOT NULL,
	du INTEGER NOT NULL,
	au INTEGER,
	priorite INTEGER NOT NULL,
	echeance INTEGER NOT NULL,
	depuis INTEGER NOT NULL,
	montant BIGINT NOT NULL,
	montant_inverse BIGINT NOT NULL,
	PRIMARY KEY (cle, corbeille)
);
CREATE INDEX element_ordre ON element (corbeille, priorite, echeance, montant_inverse, depuis, cle);
CREATE TABLE bail (
	cle VARCHAR NOT NULL,
	jeton BIGINT NOT NULL,
	titulaire VARCHAR NOT NULL,
	corbeille VARCHAR NOT NULL,
	dossier VARCHAR NOT NULL,
	prise_le BIGINT NOT NULL,
	fin BIGINT NOT NULL,
	PRIMARY KEY (cle)
);
CREATE TABLE report (
	cle VARCHAR NOT NULL,
	corbeille VARCHAR NOT NULL,
	reporte INTEGER NOT NULL,
	motif VARCHAR NOT NULL,
	PRIMARY KEY (cle, corbeille)
);
CREATE TABLE compteur (
	nom VARCHAR NOT NULL,
	valeur BIGINT NOT NULL,
	PRIMARY KEY (nom)
);
CREATE TABLE reponse_gardee (
	portee VARCHAR NOT NULL,
	cle VARCHAR NOT NULL,
	empreinte BLOB NOT NULL,
	jour INTEGER NOT NULL,
	contenu BLOB NOT NULL,
	PRIMARY KEY (portee, cle)
);
CREATE INDEX reponse_gardee_jour ON reponse_gardee (jour);
CREATE TABLE piece (
	cle VARCHAR NOT NULL,
	caf VARCHAR NOT NULL,
	objet VARCHAR NOT NULL,
	dossier VARCHAR,
	version INTEGER NOT NULL,
	faits BLOB NOT NULL,
	images BLOB NOT NULL,
	impossibles BLOB NOT NULL,
	travaux BLOB NOT NULL,
	arrivee INTEGER,
	fin INTEGER,
	fin_genre VARCHAR,
	suspendue BOOLEAN NOT NULL,
	nature VARCHAR,
	canal VARCHAR,
	minima_sociaux BOOLEAN,
	urgence VARCHAR,
	caf_traitante VARCHAR,
	pole VARCHAR,
	site VARCHAR,
	PRIMARY KEY (cle)
);
CREATE INDEX piece_stock ON piece (caf, fin, arrivee);
CREATE INDEX piece_en_attente ON piece (cle) WHERE dossier IS NULL;
CREATE TABLE courrier (
	cle VARCHAR NOT NULL,
	caf VARCHAR NOT NULL,
	objet VARCHAR NOT NULL,
	dossier VARCHAR,
	version INTEGER NOT NULL,
	faits BLOB NOT NULL,
	images BLOB NOT NULL,
	impossibles BLOB NOT NULL,
	travaux BLOB NOT NULL,
	jour INTEGER NOT NULL,
	PRIMARY KEY (cle)
);
CREATE INDEX courrier_en_attente ON courrier (cle) WHERE dossier IS NULL;
CREATE TABLE verification (
	cle VARCHAR NOT NULL,
	caf VARCHAR NOT NULL,
	objet VARCHAR NOT NULL,
	dossier VARCHAR,
	version INTEGER NOT NULL,
	faits BLOB NOT NULL,
	images BLOB NOT NULL,
	impossibles BLOB NOT NULL,
	travaux BLOB NOT NULL,
	jour INTEGER NOT NULL,
	moment VARCHAR NOT NULL,
	conforme BOOLEAN NOT NULL,
	PRIMARY KEY (cle)
);
CREATE INDEX verification_en_attente ON verification (cle) WHERE dossier IS NULL;
CREATE TABLE controle (
	cle VARCHAR NOT NULL,
	caf VARCHAR NOT NULL,
	objet VARCHAR NOT NULL,
	dossier VARCHAR,
	version INTEGER NOT NULL,
	faits BLOB NOT NULL,
	images BLOB NOT NULL,
	impossibles BLOB NOT NULL,
	travaux BLOB NOT NULL,
	jour INTEGER NOT NULL,
	type_controle VARCHAR NOT NULL,
	PRIMARY KEY (cle)
);
CREATE INDEX controle_en_attente ON controle (cle) WHERE dossier IS NULL;
