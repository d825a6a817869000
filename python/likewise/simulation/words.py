"""The words the simulated shop is made of. Data and its parsing only; no randomness.

Owns the category tree, product types with their accessories, attributes, colours, sizes and
marketing words, each in four languages. Used by ``_simulate_names`` and ``simulate`` alone.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["COLOURS", "DEPARTMENTS", "LANGUAGES", "NOISE", "Department", "ProductType"]

LANGUAGES = ("en", "de", "tr", "es")


@dataclass(frozen=True)
class ProductType:
    """One kind of product: its leaf category, its word per language, what goes with it."""

    subcategory: str
    leaf: str
    words: tuple[str, ...]
    accessories: tuple[str, ...]


@dataclass(frozen=True)
class Department:
    """A first level of the category tree with the attributes its products share."""

    name: str
    types: tuple[ProductType, ...]
    materials: tuple[tuple[str, ...], ...]
    uses: tuple[tuple[str, ...], ...]
    sizes: tuple[str, ...]


# Department lines start with "#", then: "materials:", "uses:", "sizes:" (entries by ";", languages
# by "|", in the order of LANGUAGES), "Subcategory:" and its types as
# "Leaf category | en | de | tr | es -> accessory leaves, also of other departments".
_TREE = """
# Home & Kitchen
materials: stainless steel|Edelstahl|paslanmaz çelik|acero inoxidable; glass|Glas|cam|vidrio
materials: ceramic|Keramik|seramik|cerámica; bamboo|Bambus|bambu|bambú
materials: cast iron|Gusseisen|döküm|hierro fundido; silicone|Silikon|silikon|silicona
uses: for induction|für Induktion|indüksiyon uyumlu|para inducción; camping|Camping|kamp|camping
uses: family|Familie|aile boyu|familiar; travel|Reise|seyahat|viaje
uses: vintage|Vintage|nostaljik|clásico; dishwasher safe|spülmaschinenfest|yıkanabilir|lavable
sizes: 0.5 l; 1 l; 1.7 l; 24 cm; 28 cm; set of 2; set of 6
Cookware:
Frying Pans | frying pan | Bratpfanne | tava | sartén -> Spatulas, Cookbooks
Saucepans | saucepan | Kochtopf | tencere | cazo -> Spatulas, Food Storage
Spatulas | spatula | Pfannenwender | spatula seti | espátula -> Frying Pans
Food Storage | food container | Vorratsdose | saklama kabı | recipiente -> Labels
Tableware:
Mugs | mug | Becher | kupa | taza -> Tea, Coffee
Dinner Plates | dinner plate | Teller | yemek tabağı | plato -> Cutlery
Cutlery | cutlery | Besteck | çatal bıçak | cubiertos -> Dinner Plates
Teapots | teapot | Teekanne | çaydanlık | tetera -> Tea, Mugs
Small Appliances:
Kettles | kettle | Wasserkocher | su ısıtıcısı | hervidor -> Teapots, Tea
Coffee Machines | coffee machine | Kaffeemaschine | kahve makinesi | cafetera -> Coffee, Mugs
Toasters | toaster | Toaster | ekmek kızartma makinesi | tostadora -> Kettles
Blenders | blender | Standmixer | blender | batidora -> Food Storage
# Electronics
materials: wireless|kabellos|kablosuz|inalámbrico; compact|kompakt|kompakt|compacto
materials: professional|professionell|profesyonel|profesional; budget|günstig|ekonomik|económico
materials: waterproof|wasserdicht|su geçirmez|impermeable
materials: refurbished|generalüberholt|yenilenmiş|reacondicionado
uses: gaming|Gaming|oyuncu|gaming; home office|Homeoffice|ev ofis|teletrabajo
uses: kids|Kinder|çocuk|infantil; outdoor|Outdoor|dış mekan|exterior
uses: studio|Studio|stüdyo|estudio; fast charging|Schnellladen|hızlı şarj|carga rápida
sizes: 64 GB; 128 GB; 1 m; 2 m; 10000 mAh; 20 W; 65 W
Printing:
Printers | printer | Drucker | yazıcı | impresora -> Ink Cartridges, Printer Paper
Ink Cartridges | ink cartridge | Druckerpatrone | kartuş | cartucho de tinta -> Printer Paper
Printer Paper | printer paper | Druckerpapier | fotokopi kağıdı | papel -> Ink Cartridges
Scanners | scanner | Scanner | tarayıcı | escáner -> Printer Paper, USB Cables
Phones:
Smartphones | smartphone | Smartphone | akıllı telefon | teléfono móvil -> Phone Cases, Chargers
Phone Cases | phone case | Handyhülle | telefon kılıfı | funda -> Screen Protectors
Chargers | charger | Ladegerät | şarj aleti | cargador -> USB Cables
Screen Protectors | screen protector | Panzerglas | ekran koruyucu | protector -> Phone Cases
Audio & Computing:
Headphones | headphones | Kopfhörer | kulaklık | auriculares -> USB Cables, Smartphones
Speakers | speaker | Lautsprecher | hoparlör | altavoz -> Headphones
USB Cables | USB cable | USB-Kabel | USB kablo | cable USB -> Chargers
Keyboards | keyboard | Tastatur | klavye | teclado -> Desk Lamps
# Toys & Games
materials: wooden|Holz|ahşap|madera; plush|Plüsch|peluş|peluche
materials: magnetic|magnetisch|manyetik|magnético; plastic|Kunststoff|plastik|plástico
materials: cardboard|Pappe|karton|cartón; foam|Schaumstoff|sünger|espuma
uses: dinosaur|Dinosaurier|dinozor|dinosaurio; unicorn|Einhorn|tek boynuzlu at|unicornio
uses: space|Weltraum|uzay|espacio; farm|Bauernhof|çiftlik|granja
uses: pirate|Piraten|korsan|pirata; baby|Baby|bebek|bebé
sizes: 24 pieces; 100 pieces; 1000 pieces; ages 3+; ages 8+; XXL
Games:
Board Games | board game | Brettspiel | kutu oyunu | juego de mesa -> Playing Cards
Puzzles | puzzle | Puzzle | yapboz | rompecabezas -> Board Games
Playing Cards | playing cards | Spielkarten | oyun kartı | cartas -> Board Games
Dice | dice set | Würfel | zar seti | dados -> Board Games
Building & Vehicles:
Building Blocks | building blocks | Bausteine | yapı blokları | bloques -> Toy Storage
Toy Cars | toy car | Spielzeugauto | oyuncak araba | coche de juguete -> Batteries
Model Trains | model train | Modelleisenbahn | model tren | tren -> Batteries
Toy Storage | toy box | Spielzeugkiste | oyuncak sandığı | caja de juguetes -> Labels
Creative Play:
Dolls | doll | Puppe | oyuncak bebek | muñeca -> Dollhouses
Dollhouses | dollhouse | Puppenhaus | bebek evi | casa de muñecas -> Dolls
Modelling Clay | modelling clay | Knete | oyun hamuru | plastilina -> Toy Storage
Colouring Books | colouring book | Malbuch | boyama kitabı | libro para colorear -> Pencils
# Pet Supplies
materials: rubber|Gummi|kauçuk|goma; rope|Seil|halat|cuerda
materials: grain free|getreidefrei|tahılsız|sin cereales; chicken|Huhn|tavuklu|pollo
materials: salmon|Lachs|somonlu|salmón; nylon|Nylon|naylon|nailon
uses: puppy|Welpen|yavru|cachorro; senior|Senior|yaşlı|senior
uses: sensitive|sensibel|hassas|sensible; indoor|Wohnung|ev|interior
uses: training|Training|eğitim|adiestramiento; large breed|große Rassen|büyük ırk|raza grande
sizes: 400 g; 2 kg; 12 kg; 2x500ml; S; M; L
Dogs:
Dog Toys | dog toy | Hundespielzeug | köpek oyuncağı | juguete para perro -> Dog Treats
Dog Food | dog food | Hundefutter | köpek maması | pienso para perro -> Pet Bowls, Dog Treats
Dog Treats | dog treats | Hundeleckerli | köpek ödülü | snack para perro -> Dog Toys
Dog Leashes | dog leash | Hundeleine | köpek tasması | correa -> Dog Treats
Cats:
Cat Litter | cat litter | Katzenstreu | kedi kumu | arena para gatos -> Cat Food
Cat Food | cat food | Katzenfutter | kedi maması | comida para gatos -> Pet Bowls, Cat Litter
Cat Trees | cat tree | Kratzbaum | tırmalama ağacı | rascador -> Cat Toys
Cat Toys | cat toy | Katzenspielzeug | kedi oyuncağı | juguete para gato -> Cat Food
Small Pets & Birds:
Bird Seed | bird seed | Vogelfutter | kuş yemi | alpiste -> Bird Feeders
Bird Feeders | bird feeder | Vogelhaus | kuş yemliği | comedero de aves -> Bird Seed
Pet Bowls | pet bowl | Futternapf | mama kabı | cuenco -> Dog Food, Cat Food
Hamster Cages | hamster cage | Hamsterkäfig | hamster kafesi | jaula -> Pet Bowls
# Beauty
materials: aloe vera|Aloe Vera|aloe vera|aloe vera; argan oil|Arganöl|argan yağı|aceite de argán
materials: vitamin C|Vitamin C|C vitamini|vitamina C; shea butter|Sheabutter|shea yağı|karité
materials: charcoal|Aktivkohle|aktif kömür|carbón; rose|Rose|gül|rosa
uses: dry skin|trockene Haut|kuru cilt|piel seca; oily skin|fettige Haut|yağlı cilt|piel grasa
uses: anti age|Anti-Aging|yaşlanma karşıtı|antiedad; men|Herren|erkek|hombre
uses: vegan|vegan|vegan|vegano; long lasting|langanhaltend|kalıcı|duradero
sizes: 30 ml; 50 ml; 200 ml; 500 ml; 2x250ml; travel size; 5 g
Skin Care:
Face Creams | face cream | Gesichtscreme | yüz kremi | crema facial -> Face Masks, Cleansers
Cleansers | cleanser | Reinigungsgel | temizleme jeli | limpiador -> Face Creams
Face Masks | face mask | Gesichtsmaske | yüz maskesi | mascarilla -> Face Creams
Sunscreens | sunscreen | Sonnencreme | güneş kremi | protector solar -> Face Creams
Hair Care:
Shampoos | shampoo | Shampoo | şampuan | champú -> Conditioners
Conditioners | conditioner | Spülung | saç kremi | acondicionador -> Hair Brushes
Hair Brushes | hair brush | Haarbürste | saç fırçası | cepillo -> Shampoos
Hair Dryers | hair dryer | Haartrockner | saç kurutma makinesi | secador -> Hair Brushes
Make-up:
Lipsticks | lipstick | Lippenstift | ruj | pintalabios -> Nail Polish, Cleansers
Mascara | mascara | Wimperntusche | maskara | máscara de pestañas -> Cleansers
Nail Polish | nail polish | Nagellack | oje | esmalte de uñas -> Lipsticks
Make-up Brushes | make-up brush | Pinsel | makyaj fırçası | brocha -> Lipsticks
# Garden & DIY
materials: teak|Teak|tik ağacı|teca; aluminium|Aluminium|alüminyum|aluminio
materials: rattan|Rattan|rattan|ratán; galvanised|verzinkt|galvaniz|galvanizado
materials: terracotta|Terrakotta|terakota|terracota; solar|Solar|güneş enerjili|solar
uses: balcony|Balkon|balkon|balcón; lawn|Rasen|çim|césped
uses: greenhouse|Gewächshaus|sera|invernadero; heavy duty|Profi|ağır hizmet|uso intensivo
uses: foldable|klappbar|katlanır|plegable; organic|Bio|organik|ecológico
sizes: 18 V; 10 m; 25 m; 5 l; 40 l; 120 cm; 50 pcs
Garden:
Garden Chairs | garden chair | Gartenstuhl | bahçe sandalyesi | silla de jardín -> Garden Tables
Garden Tables | garden table | Gartentisch | bahçe masası | mesa de jardín -> Garden Chairs
Plant Pots | plant pot | Blumentopf | saksı | maceta -> Potting Soil
Potting Soil | potting soil | Blumenerde | saksı toprağı | sustrato -> Plant Pots, Garden Hoses
Watering & Light:
Garden Hoses | garden hose | Gartenschlauch | bahçe hortumu | manguera -> Sprinklers
Sprinklers | sprinkler | Rasensprenger | fıskiye | aspersor -> Garden Hoses
Garden Lights | garden light | Gartenleuchte | bahçe lambası | farol -> Batteries
Barbecues | barbecue | Grill | mangal | barbacoa -> Spatulas
Tools:
Drills | drill | Bohrmaschine | matkap | taladro -> Drill Bits, Screws
Drill Bits | drill bits | Bohrer | matkap ucu | brocas -> Screws
Screws | screws | Schrauben | vida | tornillos -> Drill Bits
Batteries | batteries | Batterien | pil | pilas -> Garden Lights
# Sports & Outdoors
materials: carbon|Carbon|karbon|carbono; mesh|Mesh|fileli|malla
materials: down|Daunen|kaz tüyü|plumón; merino|Merino|merinos|merino
materials: leather|Leder|deri|cuero; inflatable|aufblasbar|şişme|hinchable
uses: trail|Trail|patika|trail; women|Damen|kadın|mujer
uses: winter|Winter|kışlık|invierno; beginner|Anfänger|başlangıç|principiante
uses: racing|Wettkampf|yarış|competición; ultralight|ultraleicht|ultra hafif|ultraligero
sizes: S; M; L; XL; 42; 44; 60 l; 2 persons
Running & Fitness:
Running Shoes | running shoes | Laufschuhe | koşu ayakkabısı | zapatillas -> Sports Socks
Sports Socks | sports socks | Sportsocken | spor çorabı | calcetines -> Running Shoes
Dumbbells | dumbbell | Hantel | dambıl | mancuerna -> Yoga Mats
Yoga Mats | yoga mat | Yogamatte | yoga matı | esterilla -> Water Bottles
Camping:
Tents | tent | Zelt | çadır | tienda de campaña -> Sleeping Bags, Camping Stoves
Sleeping Bags | sleeping bag | Schlafsack | uyku tulumu | saco de dormir -> Tents
Camping Stoves | camping stove | Campingkocher | kamp ocağı | hornillo -> Water Bottles
Water Bottles | water bottle | Trinkflasche | matara | botella -> Running Shoes
Cycling & Balls:
Bicycle Helmets | bicycle helmet | Fahrradhelm | bisiklet kaskı | casco -> Bicycle Lights
Bicycle Lights | bicycle light | Fahrradlicht | bisiklet lambası | luz de bicicleta -> Batteries
Footballs | football | Fußball | futbol topu | balón -> Ball Pumps
Ball Pumps | ball pump | Ballpumpe | top pompası | bomba -> Footballs
# Office & Groceries
materials: recycled|recycelt|geri dönüşümlü|reciclado; classic|klassisch|klasik|clásica
materials: metal|Metall|metal|metal; Arabica|Arabica|arabika|arábica
materials: dark|dunkel|koyu|oscuro; fair trade|Fairtrade|adil ticaret|comercio justo
uses: school|Schule|okul|escolar; architect|Architekt|mimar|arquitecto
uses: left handed|Linkshänder|solak|zurdos; breakfast|Frühstück|kahvaltı|desayuno
uses: party|Party|parti|fiesta; decaf|entkoffeiniert|kafeinsiz|descafeinado
sizes: A4; A5; 0.7 mm; 250 g; 1 kg; 12 pcs; 100 sheets
Stationery:
Notebooks | notebook | Notizbuch | defter | cuaderno -> Pens
Pens | pen | Kugelschreiber | tükenmez kalem | bolígrafo -> Notebooks
Pencils | pencil | Bleistift | kurşun kalem | lápiz -> Notebooks, Colouring Books
Labels | labels | Etiketten | etiket | etiquetas -> Pens
Desk:
Desk Lamps | desk lamp | Schreibtischlampe | masa lambası | flexo -> Keyboards
Office Chairs | office chair | Bürostuhl | ofis koltuğu | silla de oficina -> Desk Lamps
Calendars | calendar | Kalender | takvim | calendario -> Pens
Cookbooks | cookbook | Kochbuch | yemek kitabı | libro de cocina -> Frying Pans
Groceries:
Coffee | coffee | Kaffee | kahve | café -> Coffee Machines, Chocolate
Tea | tea | Tee | çay | té -> Teapots, Honey
Chocolate | chocolate | Schokolade | çikolata | chocolate -> Coffee
Honey | honey | Honig | bal | miel -> Tea
"""

COLOURS = tuple(
    tuple(entry.split("|"))
    for entry in (
        "black|schwarz|siyah|negro",
        "white|weiß|beyaz|blanco",
        "red|rot|kırmızı|rojo",
        "blue|blau|mavi|azul",
        "green|grün|yeşil|verde",
        "yellow|gelb|sarı|amarillo",
        "grey|grau|gri|gris",
        "pink|rosa|pembe|rosado",
        "orange|orange|turuncu|naranja",
        "purple|lila|mor|morado",
        "brown|braun|kahverengi|marrón",
        "silver|silber|gümüş|plateado",
    )
)

# Words of no meaning for what an item is: they must not make items alike.
NOISE = (
    "new; premium; best price; original; gift idea; bestseller; quality; easy; 2 year warranty; "
    "limited edition; top seller; sale",
    "neu; hochwertig; Geschenkidee; original; Bestseller; Qualität; einfach; 2 Jahre Garantie; "
    "limitiert; Angebot; beliebt; praktisch",
    "yeni; orijinal; hediyelik; kaliteli; çok satan; indirimli; 2 yıl garantili; pratik; "
    "özel seri; ücretsiz kargo; fırsat; şık",
    "nuevo; original; ideal para regalo; calidad; oferta; más vendido; práctico; garantía 2 años; "
    "edición limitada; elegante; ahorro; envío gratis",
)


def _translations(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(w.strip() for w in entry.split("|")) for entry in text.split(";"))


def _parse(tree: str) -> tuple[Department, ...]:
    departments: list[Department] = []
    for block in tree.strip().split("# ")[1:]:
        name, *lines = block.strip().splitlines()
        found: dict[str, tuple[tuple[str, ...], ...]] = {"materials": (), "uses": ()}
        sizes: tuple[str, ...] = ()
        types: list[ProductType] = []
        subcategory = ""
        for line in lines:
            head, _, rest = line.partition(":")
            if head in found:
                found[head] += _translations(rest)
            elif head == "sizes":
                sizes = tuple(size.strip() for size in rest.split(";"))
            elif line.endswith(":"):
                subcategory = head
            else:
                words, _, accessories = line.partition("->")
                leaf, *names = (word.strip() for word in words.split("|"))
                goes_with = tuple(word.strip() for word in accessories.split(","))
                types.append(ProductType(subcategory, leaf, tuple(names), goes_with))
        departments.append(Department(name, tuple(types), found["materials"], found["uses"], sizes))
    return tuple(departments)


DEPARTMENTS = _parse(_TREE)
