-- A history as the first version of its tables held it: three nights and a baseline.
BEGIN TRANSACTION;
CREATE TABLE baseline (
	id INTEGER NOT NULL, 
	identifier TEXT NOT NULL, 
	series INTEGER NOT NULL, 
	value DOUBLE NOT NULL, 
	tolerance DOUBLE NOT NULL, 
	run INTEGER NOT NULL, 
	product TEXT NOT NULL, 
	who TEXT NOT NULL, 
	made TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	supersedes INTEGER, 
	PRIMARY KEY (id), 
	UNIQUE (identifier), 
	FOREIGN KEY(series) REFERENCES series (id), 
	FOREIGN KEY(run) REFERENCES run (id)
);
INSERT INTO "baseline" VALUES(1,'5a568f9cee6c2fe8',2,0.15,2.00000000000000038857e-02,3,'51ba71da9ddfcda7736d73e783851523da8c5a84c0e61ce2b081999275931e45','Ann','2026-11-29T07:22:50.012080+00:00','fits are better now',NULL);
CREATE TABLE change (
	run INTEGER NOT NULL, 
	series INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	since TEXT NOT NULL, 
	"before" DOUBLE, 
	"after" DOUBLE, 
	causes TEXT NOT NULL, 
	PRIMARY KEY (run, series, kind), 
	FOREIGN KEY(run) REFERENCES run (id), 
	FOREIGN KEY(series) REFERENCES series (id)
)
 WITHOUT ROWID

;
INSERT INTO "change" VALUES(3,1,'new failure','2026-01-03T02:00:00+00:00',0.15,0.25,'[["tool", "drizzlepac", "3.11.0", "3.12.0", "align"]]');
INSERT INTO "change" VALUES(3,2,'moved','2026-01-03T02:00:00+00:00',0.1,0.15,'[["tool", "drizzlepac", "3.11.0", "3.12.0", "align"]]');
CREATE TABLE code (
	digest TEXT NOT NULL, 
	modules TEXT NOT NULL, 
	PRIMARY KEY (digest)
);
INSERT INTO "code" VALUES('df57f285c5eccc9a254955e73abb48272b743c95af2195c8197efc3d46cedc28','{"hubble_qa.fixtures.stages.align": "c1"}');
INSERT INTO "code" VALUES('0440e63d37121db09ea9093aa6f9eb4da606b6caafbb626e76ff356102eec969','{"qa.test_alignment": "a1", "hubble_qa.checks.astrometry.alignment": "b1"}');
CREATE TABLE environment (
	id INTEGER NOT NULL, 
	digest TEXT NOT NULL, 
	versions TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (digest)
);
INSERT INTO "environment" VALUES(1,'e830322d03d97507','{"numpy": "2.4.6", "python": "3.11.9"}');
CREATE TABLE history_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT history_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "history_version" VALUES('0001');
CREATE TABLE limits (
	series INTEGER NOT NULL, 
	run INTEGER NOT NULL, 
	valid_from TEXT NOT NULL, 
	rule INTEGER NOT NULL, 
	PRIMARY KEY (series, run), 
	FOREIGN KEY(series) REFERENCES series (id), 
	FOREIGN KEY(run) REFERENCES run (id), 
	FOREIGN KEY(rule) REFERENCES rule (id)
)
 WITHOUT ROWID

;
INSERT INTO "limits" VALUES(1,1,'2026-01-01T02:00:00+00:00',1);
INSERT INTO "limits" VALUES(2,1,'2026-01-01T02:00:00+00:00',1);
INSERT INTO "limits" VALUES(3,1,'2026-01-01T02:00:00+00:00',1);
CREATE TABLE measurement (
	run INTEGER NOT NULL, 
	series INTEGER NOT NULL, 
	value DOUBLE, 
	uncertainty DOUBLE, 
	status SMALLINT NOT NULL, 
	accepted BOOLEAN NOT NULL, 
	built BOOLEAN NOT NULL, 
	origin INTEGER NOT NULL, 
	PRIMARY KEY (run, series)
)
 WITHOUT ROWID

;
INSERT INTO "measurement" VALUES(1,1,0.15,0.01,0,1,1,1);
INSERT INTO "measurement" VALUES(1,2,0.1,0.01,0,1,1,1);
INSERT INTO "measurement" VALUES(1,3,0.12,0.01,0,1,1,1);
INSERT INTO "measurement" VALUES(2,1,0.15,0.01,0,1,0,1);
INSERT INTO "measurement" VALUES(2,2,0.1,0.01,0,1,0,1);
INSERT INTO "measurement" VALUES(2,3,0.12,0.01,0,1,0,1);
INSERT INTO "measurement" VALUES(3,1,0.25,0.01,2,0,1,2);
INSERT INTO "measurement" VALUES(3,2,0.15,0.01,0,1,1,2);
INSERT INTO "measurement" VALUES(3,3,0.1201,0.01,0,1,1,2);
CREATE TABLE origin (
	id INTEGER NOT NULL, 
	digest TEXT NOT NULL, 
	node TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	products TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (digest)
);
INSERT INTO "origin" VALUES(1,'07ae3bb30cd336f7','align','c14a10fb6fbc2c139fa3ddab4d7c6ea878103b834516dc95bfe4705334e8e273','{"align": "c14a10fb6fbc2c139fa3ddab4d7c6ea878103b834516dc95bfe4705334e8e273"}');
INSERT INTO "origin" VALUES(2,'4798310f811d9ea9','align','51ba71da9ddfcda7736d73e783851523da8c5a84c0e61ce2b081999275931e45','{"align": "51ba71da9ddfcda7736d73e783851523da8c5a84c0e61ce2b081999275931e45"}');
CREATE TABLE product (
	"key" TEXT NOT NULL, 
	node TEXT NOT NULL, 
	ingredients TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "product" VALUES('c14a10fb6fbc2c139fa3ddab4d7c6ea878103b834516dc95bfe4705334e8e273','align','{"stage": "align", "code": "df57f285c5eccc9a254955e73abb48272b743c95af2195c8197efc3d46cedc28", "settings": {"tolerance": 1.0}, "tools": {"drizzlepac": "3.11.0"}, "sources": {"sad1946fu_idc.fits": "idc-1"}, "inputs": {"exposures": "ed5988e5b5c2d5a7618c06a935f8e99ea0cd6a57c2da77036c62afe2ea05dca1"}}');
INSERT INTO "product" VALUES('ed5988e5b5c2d5a7618c06a935f8e99ea0cd6a57c2da77036c62afe2ea05dca1','fetch','{"stage": "fetch", "code": "2b3877457e13b2c7803be47cb004b27fd8c2caa9b80f0b689121dc02bccf3dce", "settings": {}, "tools": {}, "sources": {"u5jx010hr_raw.fits": "raw-1"}, "inputs": {}}');
INSERT INTO "product" VALUES('51ba71da9ddfcda7736d73e783851523da8c5a84c0e61ce2b081999275931e45','align','{"stage": "align", "code": "df57f285c5eccc9a254955e73abb48272b743c95af2195c8197efc3d46cedc28", "settings": {"tolerance": 1.0}, "tools": {"drizzlepac": "3.12.0"}, "sources": {"sad1946fu_idc.fits": "idc-1"}, "inputs": {"exposures": "ed5988e5b5c2d5a7618c06a935f8e99ea0cd6a57c2da77036c62afe2ea05dca1"}}');
CREATE TABLE received (
	"key" TEXT NOT NULL, 
	run INTEGER NOT NULL, 
	files TEXT NOT NULL, 
	PRIMARY KEY ("key", run), 
	FOREIGN KEY(run) REFERENCES run (id)
);
CREATE TABLE rule (
	id INTEGER NOT NULL, 
	digest TEXT NOT NULL, 
	lower DOUBLE, 
	upper DOUBLE, 
	floor BOOLEAN NOT NULL, 
	bounds TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	expected_range TEXT NOT NULL, 
	code TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (digest)
);
INSERT INTO "rule" VALUES(1,'04bb49705dc49ef4',NULL,0.2,0,'≤ 0.2 pix','','','0440e63d37121db09ea9093aa6f9eb4da606b6caafbb626e76ff356102eec969');
CREATE TABLE run (
	id INTEGER NOT NULL, 
	identifier TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	started TEXT NOT NULL, 
	elapsed DOUBLE NOT NULL, 
	archive TEXT NOT NULL, 
	size TEXT NOT NULL, 
	command TEXT NOT NULL, 
	exit_status INTEGER NOT NULL, 
	asked INTEGER NOT NULL, 
	available INTEGER NOT NULL, 
	complete BOOLEAN NOT NULL, 
	rejected INTEGER NOT NULL, 
	built INTEGER NOT NULL, 
	late BOOLEAN NOT NULL, 
	environment INTEGER NOT NULL, 
	results TEXT NOT NULL, 
	recorded TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (identifier), 
	FOREIGN KEY(environment) REFERENCES environment (id)
);
INSERT INTO "run" VALUES(1,'20260101T020000-abc123','nightly','2026-01-01T02:00:00+00:00',60.0,'directory','','pytest qa/ --archive /data/archive',0,3,3,1,0,3,0,1,'nightly/2026-01-01/20260101T020000-abc123.json.gz','2026-11-29T07:22:49+00:00');
INSERT INTO "run" VALUES(2,'20260102T020000-abc123','nightly','2026-01-02T02:00:00+00:00',60.0,'directory','','pytest qa/ --archive /data/archive',0,3,3,1,0,0,0,1,'nightly/2026-01-02/20260102T020000-abc123.json.gz','2026-11-29T07:22:49+00:00');
INSERT INTO "run" VALUES(3,'20260103T020000-abc123','nightly','2026-01-03T02:00:00+00:00',60.0,'directory','','pytest qa/ --archive /data/archive',1,3,3,1,1,3,0,1,'nightly/2026-01-03/20260103T020000-abc123.json.gz','2026-11-29T07:22:49+00:00');
CREATE TABLE series (
	id INTEGER NOT NULL, 
	channel TEXT NOT NULL, 
	dataset TEXT NOT NULL, 
	criterion TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	unit TEXT NOT NULL, 
	quantity TEXT NOT NULL, 
	title TEXT NOT NULL, 
	instrument TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (channel, dataset, criterion, subject, unit)
);
INSERT INTO "series" VALUES(1,'nightly','wfpc2-omega-cen','AST-002','a','pix','fit_rms','Title of AST-002','WFPC2');
INSERT INTO "series" VALUES(2,'nightly','wfpc2-omega-cen','AST-002','b','pix','fit_rms','Title of AST-002','WFPC2');
INSERT INTO "series" VALUES(3,'nightly','wfpc2-omega-cen','AST-002','c','pix','fit_rms','Title of AST-002','WFPC2');
CREATE TABLE series_memory (
	series INTEGER NOT NULL, 
	outcomes TEXT NOT NULL, 
	drift TEXT NOT NULL, 
	PRIMARY KEY (series), 
	FOREIGN KEY(series) REFERENCES series (id)
);
INSERT INTO "series_memory" VALUES(1,'[["2026-01-01T02:00:00+00:00","07ae3bb30cd336f7",true,0.15,"04bb49705dc49ef4",true,"2026-01-02T02:00:00+00:00",null],["2026-01-03T02:00:00+00:00","4798310f811d9ea9",false,0.25,"04bb49705dc49ef4",true,null,"2026-01-03T02:00:00+00:00"]]','[2,0.25,[0.15,0.25],null,null,null,0.0,0.0,0.0,2,2]');
INSERT INTO "series_memory" VALUES(2,'[["2026-01-01T02:00:00+00:00","07ae3bb30cd336f7",true,0.1,"04bb49705dc49ef4",true,"2026-01-02T02:00:00+00:00",null],["2026-01-03T02:00:00+00:00","4798310f811d9ea9",true,0.15,"04bb49705dc49ef4",true,null,"2026-01-01T02:00:00+00:00"]]','[2,0.15,[],null,null,0.15,0.020000000000000004,0.0,0.0,2,2]');
INSERT INTO "series_memory" VALUES(3,'[["2026-01-01T02:00:00+00:00","07ae3bb30cd336f7",true,0.12,"04bb49705dc49ef4",true,"2026-01-02T02:00:00+00:00",null],["2026-01-03T02:00:00+00:00","4798310f811d9ea9",true,0.1201,"04bb49705dc49ef4",true,null,"2026-01-01T02:00:00+00:00"]]','[2,0.1201,[0.12,0.1201],null,null,null,0.0,0.0,0.0,2,2]');
CREATE TABLE series_state (
	series INTEGER NOT NULL, 
	run INTEGER NOT NULL, 
	origin INTEGER NOT NULL, 
	rule INTEGER NOT NULL, 
	status SMALLINT NOT NULL, 
	accepted BOOLEAN NOT NULL, 
	value DOUBLE, 
	since TEXT NOT NULL, 
	streak INTEGER NOT NULL, 
	missing BOOLEAN NOT NULL, 
	drifted BOOLEAN NOT NULL, 
	count INTEGER NOT NULL, 
	centre DOUBLE, 
	width DOUBLE, 
	up DOUBLE NOT NULL, 
	down DOUBLE NOT NULL, 
	baseline INTEGER, 
	PRIMARY KEY (series), 
	FOREIGN KEY(series) REFERENCES series (id), 
	FOREIGN KEY(run) REFERENCES run (id), 
	FOREIGN KEY(origin) REFERENCES origin (id), 
	FOREIGN KEY(rule) REFERENCES rule (id)
);
INSERT INTO "series_state" VALUES(1,3,2,1,2,0,0.25,'2026-01-03T02:00:00+00:00',1,0,0,2,NULL,NULL,0.0,0.0,NULL);
INSERT INTO "series_state" VALUES(2,3,2,1,0,1,0.15,'2026-01-01T02:00:00+00:00',3,0,0,2,NULL,NULL,0.0,0.0,1);
INSERT INTO "series_state" VALUES(3,3,2,1,0,1,0.1201,'2026-01-01T02:00:00+00:00',3,0,0,2,NULL,NULL,0.0,0.0,NULL);
COMMIT;
