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
CREATE TABLE pli_version (
	nom VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (nom)
);
CREATE TABLE pli_profil (
	famille VARCHAR NOT NULL,
	numero INTEGER NOT NULL,
	valeurs BLOB NOT NULL,
	PRIMARY KEY (famille, numero)
)
 WITHOUT ROWID

;
CREATE TABLE pli_cellule (
	famille VARCHAR NOT NULL,
	cle BIGINT NOT NULL,
	mesures BLOB NOT NULL,
	PRIMARY KEY (famille, cle)
)
 WITHOUT ROWID

;
