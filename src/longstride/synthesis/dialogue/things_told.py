"""What a made user tells an assistant: the kinds of facts, with the values that each may have.

Every kind has so many values that none is worth guessing. A value holds no full stop, comma or "and", so that a
sentence that tells it is read back without doubt.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """Something that has one value at a time, which later sessions change."""

    noun: str  # as in "my dentist"
    asked: str  # the question's first word
    values: tuple[str, ...]


@dataclass(frozen=True)
class Level:
    """A number that is told once and then goes up and down."""

    noun: str
    unit: str
    lowest: int
    highest: int
    step: int  # every value and every change is a multiple of it


@dataclass(frozen=True)
class Collection:
    """Things of one kind that a user meets one after the other: "I have visited Thornbury"."""

    verb: str  # in the past, the same in "I ..." and "I have ..."
    plural: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Amount:
    """A number that is told again and again, to be added up: "I baked 24 rolls"."""

    verb: str
    unit: str
    tail: str  # behind the unit, with a space before it where there is one
    lowest: int
    highest: int


def _split(text: str) -> tuple[str, ...]:
    return tuple(" ".join(each.split()) for each in text.split(";"))


STATES = (
    State("dentist", "Who", _split("""
        Dr Pryce; Dr Tolland; Dr Sandoval; Dr Imber; Dr Kessel; Dr Oakley; Dr Varga; Dr Lindqvist; Dr Moreau; Dr
        Haddad; Dr Penrose; Dr Quill; Dr Rasmus; Dr Tanaka; Dr Umbria; Dr Wexley; Dr Yarrow; Dr Zeller; Dr
        Castellan; Dr Brandt; Dr Fenwick; Dr Galloway
    """)),
    State("hairdresser", "Who", _split("""
        Mirabel; Ottoline; Casimir; Leopold; Isolde; Benedikt; Rosalba; Thibault; Wendela; Ignacio; Philippa;
        Jocasta; Emeric; Sunniva; Lazarus; Beatrix; Florian; Octavia; Raimund; Zelda; Anselm; Hedwig
    """)),
    State("cello teacher", "Who", _split("""
        Mrs Abendroth; Mr Bellweather; Mrs Corrigan; Mr Dunstable; Mrs Eastlake; Mr Farquhar; Mrs Gainsford; Mr
        Hollander; Mrs Inglewood; Mr Jessop; Mrs Kirkbride; Mr Lockhart; Mrs Merriman; Mr Netherby; Mrs Orchard; Mr
        Pettigrew; Mrs Quennell; Mr Rotherham; Mrs Swinburne; Mr Thackeray
    """)),
    State("landlord", "Who", _split("""
        Mr Aldwin; Mrs Barraclough; Mr Cheviot; Mrs Drysdale; Mr Ellerby; Mrs Fothergill; Mr Greatorex; Mrs
        Harcourt; Mr Ibbotson; Mrs Jellicoe; Mr Kettlewell; Mrs Lascelles; Mr Mallory; Mrs Nuttall; Mr Ormerod; Mrs
        Pemberton; Mr Ravenscroft; Mrs Silverdale; Mr Trevelyan; Mrs Underhill
    """)),
    State("running partner", "Who", _split("""
        Adaeze; Bartosz; Chiara; Dmitri; Eskil; Farida; Goran; Hanneke; Itziar; Jurgen; Katarzyna; Lorcan; Meliha;
        Nikolaos; Oisin; Pilar; Ragnhild; Soledad; Tariq; Ursula; Vasco; Yolanda
    """)),
    State("chess opponent", "Who", _split("""
        Professor Albrecht; Judge Bonham; Captain Crowther; Sister Dolores; Major Everard; Doctor Finchley; Colonel
        Gascoigne; Canon Hathaway; Nurse Isherwood; Sergeant Jardine; Deacon Kinsella; Bishop Lattimer; Matron
        Mowbray; Admiral Naismith; Father Oldcastle; Warden Pickering; Bailiff Quartermain; Provost Redfern; Rector
        Stapleton; Steward Tremayne
    """)),
    State("choir rehearsal", "When", _split("""
        Monday at six; Monday at seven; Monday at eight; Tuesday at five; Tuesday at seven; Tuesday at noon;
        Wednesday at four; Wednesday at six; Wednesday at eight; Thursday at three; Thursday at five; Thursday at
        seven; Friday at two; Friday at four; Friday at six; Saturday at nine; Saturday at ten; Saturday at eleven;
        Sunday at three; Sunday at five
    """)),
    State("physiotherapy slot", "When", _split("""
        Monday at 8:15; Monday at 10:40; Monday at 15:25; Tuesday at 7:50; Tuesday at 11:05; Tuesday at 16:30;
        Wednesday at 9:20; Wednesday at 12:45; Wednesday at 17:10; Thursday at 8:35; Thursday at 13:15; Thursday at
        18:05; Friday at 7:30; Friday at 9:55; Friday at 14:20; Friday at 16:45; Saturday at 8:05; Saturday at
        10:10; Saturday at 12:25; Sunday at 11:35
    """)),
    State("commuter train", "Which", _split("""
        the 5:48 express; the 6:03 slow train; the 6:17 express; the 6:29 via Marl; the 6:44 slow train; the 6:58
        express; the 7:06 via Dorn; the 7:13 slow train; the 7:21 express; the 7:34 via Marl; the 7:42 slow train;
        the 7:55 express; the 8:02 via Dorn; the 8:11 slow train; the 8:26 express; the 8:39 via Marl; the 8:47 slow
        train; the 8:53 express; the 9:08 via Dorn; the 9:16 slow train
    """)),
    State("parking space", "Where", _split("""
        bay 14 on the roof; bay 27 by the lift; bay 31 near the kiosk; bay 43 behind the bakery; bay 52 in the
        basement; bay 58 under the bridge; bay 66 by the chapel; bay 71 at the ramp; bay 75 beside the pump; bay 82
        along the hedge; bay 88 facing the canal; bay 93 under the lime tree; bay 105 by the gate; bay 112 at the
        north wall; bay 119 near the stairs; bay 126 behind the cinema; bay 134 by the laundry; bay 141 at the
        barrier; bay 157 under the clock; bay 163 beside the silo
    """)),
    State("favourite café", "What", _split("""
        the Copper Kettle; the Blue Heron; the Quiet Corner; the Paper Lantern; the Walnut Room; the Second Cup; the
        Harbour Light; the Marble Arch; the Yellow Door; the Old Pharmacy; the Tin Whistle; the Rose Garden; the
        Lazy Otter; the Grey Parrot; the Velvet Chair; the Corner Table; the Salt Cellar; the Brass Monkey; the Swan
        Song; the Little Acorn
    """)),
    State("lunch order", "What", _split("""
        lentil soup with mint; fried herring; a leek tart; chickpea stew; a crab roll; smoked trout; pumpkin
        gnocchi; a beetroot salad; onion soup; stuffed peppers; a mushroom omelette; barley risotto; grilled
        halloumi; a spinach pie; noodles in broth; potato pancakes; a tuna melt; bean curry; baked aubergine; a
        pickled egg sandwich
    """)),
    State("breakfast", "What", _split("""
        porridge with figs; rye toast; a boiled egg; buttermilk pancakes; kippers; yoghurt with plums; a cheese
        scone; muesli; fried plantain; rice pudding; a poppy seed roll; semolina; scrambled tofu; oatcakes with
        honey; stewed apricots; a cinnamon bun; corn bread; cottage cheese; waffles; smoked mackerel
    """)),
    State("holiday plan", "What", _split("""
        a cabin at Lake Orrin; two weeks of sailing; a walk along the old wall; cycling through Galicia; a houseboat
        in Leiden; the night train to Palermo; a pottery course in Fez; skiing in the Tatras; a lighthouse on Skye;
        birdwatching in Doñana; a tent in the Vosges; a cruise to Tromsø; grape picking in Alsace; a farm in Umbria;
        surfing at Peniche; a monastery on Athos; kayaking in Dalmatia; the carnival in Basel; a spa in Karlsbad;
        museums in Ghent
    """)),
    State("kitchen colour", "What", _split("""
        mustard yellow; sage green; brick red; dove grey; cornflower blue; apricot; ivory; aubergine purple; mint;
        terracotta; charcoal; lemon; teal; blush pink; olive; cobalt; sand; rust; lavender; bottle green
    """)),
    State("bicycle", "What", _split("""
        a silver Halden tourer; a red Brisk folder; a black Corvo racer; a green Marlow; a white Sprinter nine; a
        blue Dovetail tandem; a yellow Pike cargo bike; an orange Lumen; a bronze Wayfarer; a purple Kestrel; a grey
        Stadler; a pink Minuet; a cream Rambler; a maroon Viscount; a navy Tern; a turquoise Zephyr; an olive
        Ranger; a copper Fairweather; a lilac Swallow; a brown Packhorse
    """)),
    State("walking route", "What", _split("""
        the towpath to Millbrook; the ridge above Eskdale; the old tramline; the loop round the reservoir; the beech
        avenue; the quarry steps; the sea wall; the meadow by the abbey; the ring of the ramparts; the drovers'
        road; the heath behind the mast; the river bend; the orchard lane; the cemetery hill; the dunes at Sandholm;
        the stepping stones; the deer park; the viaduct path; the botanical garden; the harbour mole
    """)),
    State("evening tea", "What", _split("""
        fennel; rooibos; lemon balm; camomile; nettle; sage; jasmine; lime blossom; hibiscus; verbena; ginger;
        peppermint; rose hip; liquorice; elderflower; genmaicha; thyme; anise; mallow; oolong
    """)),
    State("ringtone", "What", _split("""
        a cuckoo clock; the sound of rain; a steel drum; an owl; a ship's bell; the overture to Carmen; a tin
        whistle; frogs at night; a harpsichord; a steam engine; a doorbell; marimba; a foghorn; a typewriter; a
        waltz; the nightingale; a bicycle bell; bagpipes; a gong; a creaking door
    """)),
    State("bedside book", "What", _split("""
        The Salt Road; A Winter in Cadiz; The Clockmaker's Niece; Nine Rivers; The Glass Orchard; Letters to a
        Beekeeper; The Drowned Bell; Half a Moon; The Cartographer's Debt; Under the Larches; The Seventh Ferry; A
        History of Fog; The Lodger at Number Four; Small Weather; The Tin Cathedral; Iron Geese; The Last
        Lamplighter; A Thimble of Rain; The Unfinished Stair; Harvest of Ash
    """)),
    State("meeting room", "Which", _split("""
        the attic; the blue room; the old library; the winter garden; the boardroom; the print shop; the map room;
        the cellar; the glass box; the gallery; the annexe; the mezzanine; the chapel; the barn; the tower room; the
        pantry; the studio; the conservatory; the archive; the loft over the stables
    """)),
    State("knitting project", "What", _split("""
        a striped scarf; mittens for Otto; a tea cosy; a cable jumper; a pram blanket; socks with owls; a
        fisherman's hat; a lace shawl; leg warmers; a cushion with stars; a waistcoat; a balaclava; a bolero; a hot
        water bottle cover; a poncho; a toy badger; fingerless gloves; a beret; a dog coat; a bedspread
    """)),
    State("market stall", "Where", _split("""
        stall 3 by the fountain; stall 8 at the corner; stall 12 under the arcade; stall 17 near the pump; stall 21
        beside the fishmonger; stall 24 at the steps; stall 29 by the bandstand; stall 33 opposite the bank; stall
        36 under the plane tree; stall 41 near the taxi rank; stall 45 behind the statue; stall 49 by the town hall;
        stall 54 at the crossing; stall 57 along the railings; stall 62 near the cheese van; stall 68 by the well;
        stall 73 outside the theatre; stall 77 at the gatehouse; stall 84 under the awning; stall 90 beside the
        florist
    """)),
    State("pen friend", "Who", _split("""
        Aurelio in Salta; Birgit in Visby; Chidi in Enugu; Dagny in Bergen; Emeka in Jos; Fumiko in Otaru; Giulia in
        Matera; Hamid in Yazd; Ilse in Graz; Jomo in Kisumu; Kaarina in Oulu; Leilani in Hilo; Mirko in Zadar; Noor
        in Lahore; Ondrej in Brno; Paloma in Cuzco; Quirin in Passau; Rosaura in Mérida; Seppo in Turku; Thandi in
        Durban
    """)),
    State("allotment crop", "What", _split("""
        runner beans; kohlrabi; celeriac; sweetcorn; artichokes; gooseberries; garlic; rhubarb; parsnips; chard;
        radicchio; courgettes; leeks; asparagus; broad beans; fennel bulbs; blackcurrants; turnips; salsify; red
        cabbage
    """)),
    State("Saturday errand", "What", _split("""
        the recycling depot; the cobbler; a delivery to the hospice; the fish market; the car wash; the library van;
        feeding the neighbour's tortoise; the seed exchange; the tip at Hollowell; the launderette; the bottle bank;
        the key cutter; the pharmacy on Elm Road; the post office; the farm shop; the blood donor van; the framing
        shop; the tool library; the clock mender; the knife grinder
    """)),
    State("word of the week", "What", _split("""
        petrichor; susurrus; gloaming; defenestrate; lacuna; quixotic; sonder; umbrage; halcyon; perfunctory;
        obfuscate; crepuscular; ineffable; mellifluous; taciturn; wanderlust; ephemeral; cacophony; serendipity;
        labyrinthine
    """)),
    State("locker", "Which", _split("""
        locker 114; locker 127; locker 139; locker 145; locker 158; locker 163; locker 176; locker 182; locker 197;
        locker 208; locker 219; locker 224; locker 236; locker 241; locker 253; locker 267; locker 275; locker 288;
        locker 292; locker 306
    """)),
)  # fmt: skip

LEVELS = (
    Level("monthly rent", "euros", 420, 1480, 5),
    Level("phone bill", "euros", 18, 96, 1),
    Level("gym fee", "euros", 22, 118, 1),
    Level("step goal", "steps", 4200, 14800, 100),
    Level("stamp collection", "stamps", 140, 920, 1),
    Level("record collection", "records", 60, 480, 1),
    Level("hen flock", "hens", 24, 160, 1),
    Level("holiday fund", "euros", 260, 2400, 10),
    Level("practice time", "minutes a week", 90, 600, 5),
    Level("swimming distance", "metres", 400, 3200, 50),
    Level("mailing list", "addresses", 75, 830, 1),
    Level("wood pile", "logs", 110, 760, 1),
    Level("seed stock", "packets", 35, 310, 1),
    Level("reading goal", "pages a month", 180, 1250, 10),
    Level("sourdough order", "loaves a month", 26, 240, 1),
    Level("hedge", "centimetres", 85, 290, 1),
)

COLLECTIONS = (
    Collection("finished reading", "books", _split("""
        Amber Tides; The Hollow Oak; Seven Doors; A Map of Silence; The Copper Age; Night Ferry; The Weaver's Son;
        Salt in the Well; Orchard Street; The Ninth Wave; Paper Boats; The Quiet Bishop; Winter Barley; A Ladder to
        the Moon; The Red Caravan; Dust on the Piano; The Apprentice's Hand; Lantern Hill; The Stone Orchard; Blue
        Mountain Road; A Spoon of Thunder; Marsh Lights
    """)),
    Collection("watched", "films", _split("""
        Midnight Tram; The Gardener's Alibi; Seven Kites; A Room in Trieste; The Long Thaw; Velvet Harbour; The Owl
        Committee; Last Bus to Arden; Snow over Lisbon; The Umbrella Thief; Echo Valley; The Beekeeper's Waltz; Cold
        Lemonade; The Tailor of Minsk; Paper Moonlight; Summer of Ferns; The Glass Tenor; A Goat in the Attic;
        Northbound; The Silent Carousel
    """)),
    Collection("visited", "towns", _split("""
        Thornbury; Castelmar; Ulmfeld; Port Selwyn; Varnavik; Oakhampton; Mirepoix; Zelenograd; Bramley Cross; Santa
        Ilda; Kettering Bay; Ostrava; Lindhagen; Ferrolle; Wexcombe; Tarnowitz; Aldersyde; Montalbo; Skerryvore;
        Hartlepool; Vinsberg; Portalegre
    """)),
    Collection("cooked", "dishes", _split("""
        goulash; paella; moussaka; ratatouille; pierogi; ramen; tagine; gumbo; borscht; risotto; cassoulet;
        bibimbap; feijoada; schnitzel; gazpacho; biryani; fondue; ceviche; stroganoff; laksa; shakshuka; tortellini
    """)),
    Collection("planted", "plants", _split("""
        a quince; a magnolia; a rowan; a fig tree; a camellia; a hawthorn; a medlar; a peony; a wisteria; a juniper;
        a mulberry; a hazel; a clematis; a damson; a lilac; a holly; a jasmine bush; a maple; an almond tree; an
        elder; a myrtle; a spindle tree
    """)),
    Collection("repaired", "things", _split("""
        the toaster; the garden gate; the mantel clock; the sewing machine; the kayak; the accordion; the porch
        swing; the coffee grinder; the radio; the rocking chair; the weather vane; the sledge; the gramophone; the
        letter box; the wheelbarrow; the umbrella stand; the bellows; the step ladder; the bird table; the spinning
        wheel
    """)),
    Collection("learned", "songs", _split("""
        Barbara Allen; The Skye Boat Song; La Paloma; Greensleeves; Danny Boy; Sakura; Santa Lucia; Loch Lomond; The
        Ash Grove; Kalinka; Scarborough Fair; Molly Malone; Shenandoah; Cielito Lindo; Wild Mountain Thyme;
        Katyusha; Waltzing Matilda; The Water Is Wide; Guantanamera; Bella Ciao
    """)),
    Collection("bought", "tools", _split("""
        a spokeshave; a spirit level; a bow saw; a soldering iron; a torque wrench; a chisel; a plumb line; a
        bradawl; a belt sander; a mitre box; a hacksaw; a rasp; a crowbar; a pipe cutter; a glue gun; a bench vice;
        a claw hammer; a drawknife; a heat gun; a pair of pincers
    """)),
    Collection("spotted", "birds", _split("""
        a heron; a wren; a kite; a goldcrest; a bittern; a siskin; a dunlin; a hoopoe; a merlin; a nuthatch; a
        redstart; a whimbrel; a plover; a dipper; a shrike; a fieldfare; a gannet; a brambling; a curlew; a
        treecreeper; an osprey; an avocet
    """)),
    Collection("painted", "subjects", _split("""
        the lock keeper's cottage; a bowl of lemons; the gasworks; a sleeping cat; the ferry at dusk; a row of beach
        huts; the church organ; two ploughmen; the frozen pond; a jug of tulips; the railway bridge; a market woman;
        the lime kiln; a broken cartwheel; the pear tree; a copper pan; the signal box; a flock of geese; the abbey
        ruin; a pair of boots
    """)),
    Collection("tasted", "cheeses", _split("""
        Comté; Manchego; Gorgonzola; Wensleydale; Gjetost; Pecorino; Roquefort; Halloumi; Emmental; Taleggio;
        Stilton; Havarti; Munster; Idiazabal; Cheshire; Reblochon; Cabrales; Fontina; Limburger; Vacherin;
        Mimolette; Caerphilly
    """)),
)  # fmt: skip

AMOUNTS = (
    Amount("ran", "kilometres", "", 4, 38),
    Amount("spent", "euros", " on seeds", 6, 88),
    Amount("baked", "rolls", "", 12, 96),
    Amount("sold", "raffle tickets", "", 9, 140),
    Amount("translated", "pages", "", 3, 64),
    Amount("rowed", "metres", "", 600, 5400),
    Amount("gave", "euros", " to the lifeboat", 5, 75),
    Amount("folded", "leaflets", "", 40, 420),
    Amount("filled", "jars", " with jam", 4, 58),
    Amount("picked", "pears", "", 15, 190),
    Amount("swam", "lengths", "", 10, 84),
    Amount("earned", "euros", " at the flea market", 11, 160),
    Amount("copied", "verses", "", 6, 72),
    Amount("stacked", "bricks", "", 50, 480),
)

EVENTS = _split("""
        adopted a greyhound; signed the lease for a studio; had the piano tuned; passed the sailing exam; moved into
        the flat on Tiller Street; sold the old caravan; joined the bell ringers; gave up coffee; started the
        evening class in Welsh; returned from the trip to Malta; had the roof mended; won the cake contest; broke a
        tooth on a walnut; planted the hedge along the drive; lost the grey umbrella; handed in the tax return;
        began to write a diary; took the first driving lesson; opened the pottery shop; got the result of the eye
        test; buried the time capsule; met the new neighbours; had the wisdom tooth taken out; donated the grand
        piano; finished the first marathon; booked the hut in the mountains; found the missing passport; let the
        spare room; cancelled the newspaper; welcomed the exchange student; bought the second beehive; left the
        chess club; ordered the wood stove; picked up the new glasses; hung the last picture; took down the
        greenhouse; put the boat in the water; spoke at the council meeting; painted the front door red; saw the
        comet; gave the cat its first bath; switched to the night shift; burned the old letters; crossed the glacier
    """)

NAMES = _split("""
        Ada; Alaric; Amina; Anton; Astrid; Aurora; Basil; Berenice; Bruno; Camila; Cedric; Clio; Conrad; Dalia;
        Desmond; Dora; Edgar; Elodie; Enzo; Esther; Fabian; Fiona; Gideon; Greta; Hamish; Helena; Hugo; Imogen;
        Ingrid; Ivo; Jasper; Jolanda; Julius; Kamala; Kasper; Lavinia; Leander; Lorena; Lucian; Magda; Malik; Marit;
        Matteo; Miriam; Nadia; Nestor; Nora; Odile; Orson; Otto; Petra; Pavel; Quentin; Renata; Rufus; Sabine;
        Samir; Selma; Silvio; Tabitha; Tobias; Ulrika; Valerie; Viktor; Wanda; Willem; Xenia; Yusuf; Zora; Zoltan
    """)
SURNAMES = _split("""
        Abara; Alderton; Ashdown; Barros; Bexley; Birkett; Bonfils; Brackley; Calloway; Castell; Chandra; Claes;
        Corbin; Dahl; Dekker; Delgado; Dunmore; Eklund; Elphick; Esposito; Faraday; Fenn; Fontaine; Garrick;
        Gellner; Grimaldi; Haldane; Hartog; Hellman; Ibsen; Ishida; Jankowski; Jessen; Kaplan; Keating; Kovacs;
        Lachlan; Larsen; Leclerc; Lomax; Madigan; Marchetti; Mendoza; Moss; Nakata; Navarro; Nyberg; Okafor;
        Olander; Osei; Paget; Pereira; Pohl; Prescott; Quigley; Radek; Ramires; Rosen; Rydell; Salgado; Sandford;
        Schuyler; Seymour; Soto; Stroud; Tamura; Thorne; Tilney; Ueda; Vale; Vance; Verhoeven; Vidal; Wakefield;
        Weiss; Whitlock; Winslow; Xavier; Yates; Zander
    """)
