"""The words that the painter knows: what each asks for, in Korean and English.

A line reads `feature: korean stems | korean beginnings ~ | english words`. A Korean stem stands at the start of a word and is followed
by nothing or a particle; a beginning (marked with ~) by anything, for verbs and compounds.
"""

TIMES = """
dawn: 새벽 아침 여명 해돋이 일출 동틀 새벽녘 이른아침 | 동트~ | dawn sunrise morning daybreak early
day: 낮 한낮 대낮 정오 오후 햇살 햇빛 맑은 화창한 푸른하늘 | 화창~ 햇살~ 햇볕~ | day noon midday afternoon sunny sunlight sunshine daylight bright
dusk: 저녁 노을 석양 해질녘 황혼 일몰 저녁놀 해질 | 노을~ 해거름~ | dusk sunset evening twilight sundown golden-hour
night: 밤 한밤 한밤중 자정 밤하늘 야시장 별빛 달빛 어둠 심야 야경 밤거리 밤바다 겨울밤 여름밤 별밤 | 깜깜~ 캄캄~ 어두운~ 어두워~ | night midnight moonlight moonlit starlight starry dark darkness nighttime
"""

WEATHERS = """
rain: 비 빗속 빗방울 소나기 장마 빗소리 빗물 비바람 봄비 | 비가오~ 비오는~ 빗~ | rain rainy raining rainfall drizzle shower raindrops wet
snow: 눈 함박눈 눈송이 눈보라 설원 눈밭 눈길 첫눈 겨울 한겨울 | 눈덮인~ 눈내리~ 눈오는~ 눈사람~ 얼어붙~ | snow snowy snowing snowfall blizzard winter icy frozen ice frost
fog: 안개 물안개 연무 안개속 | 안개~ 희뿌연~ 뿌연~ | fog foggy mist misty haze hazy
storm: 폭풍 폭풍우 태풍 천둥 번개 먹구름 폭우 벼락 | 폭풍~ 몰아치~ | storm stormy thunder lightning thunderstorm tempest hurricane typhoon
cloudy: 구름 흐린 흐림 뭉게구름 | 흐린~ 흐리~ | cloudy clouds overcast grey gray gloomy
wind: 바람 산들바람 강풍 | 바람~ | wind windy breeze breezy
petals: 벚꽃 꽃잎 벚나무 꽃비 봄날 봄 | 흩날리~ 벚꽃~ | petals blossom blossoms cherry-blossom sakura spring
leaves: 낙엽 단풍 가을 은행잎 늦가을 단풍잎 | 단풍~ 낙엽~ | autumn fall-leaves leaves autumnal maple
aurora: 오로라 극광 | | aurora northern-lights
rainbow: 무지개 | 무지개~ | rainbow
"""

PLACES = """
harbour: 항구 부두 포구 선착장 나루 항만 어촌 방파제 | 항구~ | harbor harbour port pier dock wharf marina quay
sea: 바다 바닷가 해변 파도 바닷물 해안 모래사장 백사장 대양 수평선 밤바다 갯벌 등대 | 바다~ 바닷~ 해안~ 파도~ | sea ocean beach shore coast seaside wave waves seashore coastal coastline horizon lighthouse
island: 섬 무인도 외딴섬 | | island islet
underwater: 바닷속 심해 물속 해저 산호 산호초 용궁 인어 | 바닷속~ 물속~ | underwater deep-sea seabed coral reef undersea mermaid jellyfish
lake: 호수 호숫가 연못 저수지 물가 | 호수~ 호숫~ | lake pond lakeside lagoon
river: 강 강가 시냇물 개울 강물 냇가 강변 한강 계곡 시내 폭포 | 강가~ 강변~ 시냇~ | river stream creek riverside brook riverbank waterfall valley
bridge: 다리 돌다리 구름다리 교각 대교 철교 | | bridge footbridge
city: 도시 도심 빌딩 서울 시내 고층빌딩 스카이라인 옥상 마천루 야경 아파트 | 도시~ 빌딩~ 옥상~ 서울~ | city downtown skyscraper skyscrapers skyline urban metropolis seoul rooftop buildings building apartment tokyo york cyberpunk neon
street: 거리 골목 골목길 길거리 도로 횡단보도 밤거리 가로등 상점가 편의점 가게 빵집 서점 꽃집 카페거리 분식집 | 골목~ 거리~ 가게~ 상점~ | street alley alleyway lane road-side crosswalk shop shops store sidewalk downtown-street bakery storefront shopfront bookstore restaurant convenience
market: 시장 장터 야시장 노점 좌판 포장마차 | 시장~ 장터~ | market marketplace bazaar stall stalls vendor
village: 마을 동네 시골 시골집 고향 시골마을 산골 촌락 오두막 농가 | 마을~ 동네~ 시골~ | village hamlet countryside rural cottage cottages town hometown farmhouse
hanok: 한옥 기와집 궁궐 궁 경복궁 절 사찰 정자 서원 초가집 한옥마을 기와 | 한옥~ 궁궐~ | hanok palace temple pagoda shrine
castle: 성 성벽 왕국 고성 궁전 | | castle kingdom fortress tower
forest: 숲 숲속 수풀 밀림 정글 오솔길 숲길 소나무숲 대나무숲 | 숲~ | forest woods woodland jungle grove trail bamboo
mountain: 산 산길 산꼭대기 정상 산맥 봉우리 산속 설산 언덕길 절벽 백두산 한라산 지리산 산봉우리 등산 | 산꼭대~ 산봉우~ 절벽~ | mountain mountains peak summit cliff ridge alps hiking mountainside
field: 들판 초원 언덕 풀밭 밭 논 들 꽃밭 잔디밭 보리밭 밀밭 목장 농장 들녘 동산 벌판 갈대밭 해바라기밭 농부 | 들판~ 초원~ 언덕~ 꽃밭~ | field fields meadow hill hills grassland pasture farm wheat prairie hillside farmland ranch grass
garden: 정원 마당 뜰 텃밭 온실 화단 꽃밭 공원 놀이터 앞마당 뒷마당 | 정원~ 공원~ 마당~ 놀이터~ | garden yard backyard park greenhouse playground courtyard
desert: 사막 모래언덕 오아시스 황무지 | 사막~ | desert dune dunes oasis wasteland sahara canyon
station: 역 기차역 간이역 플랫폼 승강장 지하철역 정거장 버스정류장 정류장 대합실 지하철 | 기차역~ 플랫폼~ 정류장~ | station platform subway stop metro bus-stop terminal
school: 학교 교정 운동장 초등학교 중학교 고등학교 대학교 캠퍼스 등굣길 | 학교~ | school schoolyard campus university
classroom: 교실 수업 칠판 책상 학급 | 교실~ | classroom blackboard lecture class
library: 도서관 서재 책장 책꽂이 서고 헌책방 | 도서관~ 책장~ | library bookshelf bookshelves study archive
cafe: 카페 커피숍 찻집 다방 식당 | 카페~ | cafe coffee-shop teahouse diner
kitchen: 부엌 주방 식탁 | 부엌~ 주방~ | kitchen stove dining
room: 방 거실 침실 방안 창가 창문 집안 다락방 침대 병실 병원 하숙방 방구석 | 방에~ 창가~ 창문~ 다락~ 거실~ 침대~ 병실~ 집에서~ | room bedroom living indoors window attic bed hospital interior indoor home apartment-room sofa windowsill
office: 사무실 회사 작업실 연구실 실험실 연구소 스튜디오 공방 책상앞 | 사무실~ 연구실~ 작업실~ | office lab laboratory desk studio workshop workplace startup
stage: 무대 공연장 극장 콘서트 공연 영화관 | 무대~ 공연~ 콘서트~ | stage theater theatre concert performance auditorium cinema
space: 우주 은하 은하수 행성 우주정거장 성운 우주공간 궤도 소행성 우주선 우주비행사 | 우주~ 은하~ | space galaxy cosmos planet nebula orbit universe asteroid spaceship spacecraft spacestation
planet: 화성 달표면 외계 외계행성 월면 | 외계~ | mars lunar alien moonscape
snowfield: 설원 눈밭 북극 남극 빙하 극지 | 설원~ | arctic antarctic glacier tundra snowfield
cave: 동굴 굴속 동굴속 | 동굴~ | cave cavern grotto tunnel
sky: 하늘 상공 창공 구름위 | 하늘을~ 하늘로~ 날아오르~ | sky skies above-clouds flying soaring
"""

MOTIFS = """
boat: 배 돛단배 조각배 나룻배 고깃배 어선 요트 보트 배를 쪽배 종이배 | 돛단배~ 고깃배~ | boat boats sailboat rowboat yacht sail sailing canoe fishing-boat
ship: 여객선 화물선 해적선 유람선 군함 거북선 | | ship ships ferry freighter vessel
lighthouse: 등대 등대지기 등댓불 | 등대~ | lighthouse beacon
whale: 고래 돌고래 | 고래~ | whale whales dolphin dolphins
fish: 물고기 물고기떼 금붕어 | 물고기~ | fish fishes goldfish
train: 기차 열차 전철 지하철 증기기관차 고속열차 | 기차~ 열차~ | train trains locomotive railway railroad subway
car: 자동차 차 승용차 택시 트럭 차량 | 자동차~ 택시~ | car cars taxi truck vehicle automobile van
bus: 버스 시내버스 막차 | 버스~ | bus buses
bicycle: 자전거 | 자전거~ | bicycle bike bicycles cycling cyclist
house: 집 오두막 통나무집 빨간지붕 외딴집 | 오두막~ | house houses cottage cabin hut
tree: 나무 느티나무 고목 소나무 은행나무 사과나무 나무아래 | 나무~ | tree trees oak pine
cherry: 벚나무 벚꽃 벚꽃나무 매화 | 벚꽃~ | cherry blossom sakura blossoms
lamp: 가로등 등불 램프 전등 등 | 가로등~ | streetlight lamppost streetlamp lamp
lantern: 등불 초롱 연등 랜턴 풍등 호롱불 등롱 | 연등~ 등불~ | lantern lanterns
candle: 촛불 양초 초 | 촛불~ | candle candles candlelight
fire: 모닥불 캠프파이어 화톳불 | 모닥불~ | campfire bonfire fire fireplace flames
fireworks: 불꽃놀이 폭죽 축제 | 불꽃놀이~ 폭죽~ | fireworks firework festival celebration
bird: 새 새들 철새 참새 비둘기 까치 제비 기러기 | 새들~ 새떼~ | bird birds sparrow dove crow swallow geese flock
gull: 갈매기 갈매기떼 | 갈매기~ | seagull seagulls gull gulls
owl: 부엉이 올빼미 | 부엉이~ | owl
cat: 고양이 길고양이 새끼고양이 냥이 | 고양이~ | cat cats kitten
dog: 개 강아지 반려견 진돗개 멍멍이 | 강아지~ | dog dogs puppy
fox: 여우 | 여우~ | fox foxes
rabbit: 토끼 산토끼 | 토끼~ | rabbit bunny hare
bear: 곰 아기곰 곰돌이 | | bear bears teddy
deer: 사슴 노루 고라니 순록 | 사슴~ | deer stag reindeer fawn
horse: 말 조랑말 백마 말을 | | horse horses pony
dragon: 용 드래곤 | 드래곤~ | dragon
butterfly: 나비 나비들 | 나비~ | butterfly butterflies
robot: 로봇 로보트 안드로이드 로봇들 | 로봇~ | robot robots android
astronaut: 우주비행사 우주인 | 우주비행사~ | astronaut cosmonaut spacesuit
book: 책 그림책 동화책 공책 일기장 일기 노트 사전 소설 | 책을~ 일기~ | book books diary notebook journal novel
letter: 편지 엽서 쪽지 편지지 봉투 우편 편지함 우편함 소포 | 편지~ 엽서~ | letter letters envelope postcard mail note message
cup: 컵 찻잔 커피 머그컵 차 한잔 커피잔 코코아 | 커피~ 찻잔~ | cup mug coffee tea cocoa
bread: 빵 케이크 쿠키 떡 만두 붕어빵 | 빵~ 케이크~ | bread cake cookies bun pastry
bowl: 밥 국밥 라면 국수 음식 요리 김치 떡볶이 저녁밥 | 라면~ 요리~ | bowl noodles ramen soup rice meal food dish
apple: 사과 과일 귤 감 | 사과를~ 과일~ | apple apples fruit orange tangerine
flower: 꽃 꽃다발 장미 해바라기 들꽃 튤립 민들레 국화 화분 꽃을 꽃들 코스모스 | 꽃다발~ 해바라기~ 장미~ | flower flowers rose roses sunflower sunflowers tulip bouquet dandelion daisy wildflowers
umbrella: 우산 양산 노란우산 빨간우산 비닐우산 | 우산~ | umbrella umbrellas parasol
kite: 연 방패연 가오리연 | 연날리~ | kite kites
balloon: 풍선 풍선들 | 풍선~ | balloon balloons
airship: 열기구 비행선 | 열기구~ | hot-air-balloon airship zeppelin
airplane: 비행기 종이비행기 여객기 | 비행기~ | airplane plane aeroplane aircraft jet
rocket: 로켓 우주선 탐사선 | 로켓~ 우주선~ | rocket rockets spaceship spacecraft shuttle
ufo: 비행접시 유에프오 외계인 | 외계인~ | ufo saucer aliens
satellite: 인공위성 위성 | 인공위성~ | satellite
star: 별 별똥별 유성 혜성 별자리 유성우 | 별똥~ 별자리~ | star stars shooting-star meteor comet constellation
moon: 달 보름달 초승달 달님 반달 달빛 | 보름달~ 초승달~ 달빛~ | moon moonlight crescent moonlit
sun: 해 태양 햇님 | 태양~ | sun
clock: 시계 시계탑 손목시계 벽시계 괘종시계 | 시계~ | clock watch clocktower pocketwatch
key: 열쇠 | 열쇠~ | key keys
door: 문 대문 현관 문앞 문을 | 대문~ | door doorway gate entrance
mirror: 거울 | 거울~ | mirror
bench: 벤치 | 벤치~ | bench
tent: 텐트 캠핑 야영 | 텐트~ 캠핑~ | tent camping camp
snowman: 눈사람 | 눈사람~ | snowman
gift: 선물 선물상자 상자 보물상자 보물 | 선물~ 상자~ | gift present box treasure chest package
heart: 하트 심장 | | heart
camera: 카메라 사진기 필름카메라 | 카메라~ | camera
photo: 사진 액자 사진첩 앨범 | 사진~ | photo photograph picture-frame album
phone: 휴대폰 핸드폰 전화 전화기 스마트폰 공중전화 | 전화~ 핸드폰~ 휴대폰~ | phone smartphone telephone cellphone
computer: 컴퓨터 노트북 모니터 화면 | 컴퓨터~ 노트북~ | computer laptop monitor screen
radio: 라디오 | 라디오~ | radio
guitar: 기타 통기타 | 기타를~ | guitar guitarist
piano: 피아노 | 피아노~ | piano pianist
violin: 바이올린 첼로 | 바이올린~ | violin cello violinist cellist
music: 음악 노래 악보 멜로디 선율 | 노래~ 음악~ | music song melody singing musician
suitcase: 여행가방 가방 캐리어 트렁크 배낭 짐 | 여행가방~ 캐리어~ | suitcase luggage backpack bag
map: 지도 보물지도 나침반 | 지도~ | map compass
sword: 검 칼 | | sword knight
crown: 왕관 왕 여왕 공주 왕자 | | crown king queen princess prince
windmill: 풍차 | 풍차~ | windmill
turbine: 풍력발전기 | | turbine turbines
mushroom: 버섯 | 버섯~ | mushroom mushrooms
fence: 울타리 담장 | | fence
swing: 그네 | 그네~ | swing
telescope: 망원경 천문대 | 망원경~ | telescope observatory
paper_boat: 종이배 | | paper-boat
mailbox: 우체통 우편함 우체부 | 우체통~ | mailbox postbox
"""

PEOPLE = """
girl: 소녀 여자아이 딸 여동생 손녀 꼬마숙녀 언니 누나 | 소녀~ 여자아이~ | girl daughter sister granddaughter
boy: 소년 남자아이 아들 남동생 손자 형 오빠 | 소년~ 남자아이~ | boy son brother grandson
child: 아이 꼬마 어린이 아이들 아기 동생 꼬맹이 학생 초등학생 | 아이~ 어린이~ 꼬마~ | child kid toddler student pupil baby
children: 아이들 어린이들 학생들 꼬마들 친구들 | 아이들~ 친구들~ 학생들~ | children kids students friends classmates
woman: 여자 여인 아가씨 엄마 어머니 아내 그녀 여성 이모 고모 선생님 수진 지은 | 여자~ 여인~ 엄마~ 어머니~ | woman mother mom lady she her wife aunt teacher
man: 남자 청년 아빠 아버지 남편 사내 남성 아저씨 삼촌 사장 어부 농부 주인공 그 | 남자~ 청년~ 아버지~ 아빠~ 아저씨~ 어부~ | man father dad guy he his husband uncle fisherman sailor farmer baker hero
old_man: 할아버지 노인 노인장 등대지기 영감 노부부 | 할아버지~ 노인~ 등대지기~ | grandfather grandpa old-man elder elderly oldman keeper
old_woman: 할머니 노파 해녀 | 할머니~ 해녀~ | grandmother grandma old-woman granny
couple: 작별 포옹 재회 결혼식 연인 커플 부부 둘 두사람 두친구 두소년 두소녀 남녀 노부부 신혼부부 | 연인~ 커플~ 두사람~ | farewell goodbye reunion wedding couple lovers pair two
family: 가족 식구 | 가족~ | family parents
crowd: 사람들 군중 인파 관객 손님 관객들 손님들 | 사람들~ 관객~ | people crowd crowds audience passersby customers
person: 연주자 가수 무용수 작가 화가 의사 요리사 탐험가 소방관 배우 모험가 사람 누군가 나그네 여행자 주인 친구 나 우리 | 여행자~ 나그네~ | violinist pianist guitarist singer musician performer dancer writer artist painter doctor nurse chef explorer firefighter actor actress adventurer scientist detective photographer person someone traveler traveller figure stranger friend wanderer silhouette
"""

POSTURES = """
sit: 앉아 앉은 앉아서 앉아있는 쉬는 벤치에 | 앉~ 쉬고~ | sit sits sitting seated rests resting
walk: 걷는 걸어 걸음 산책 | 걷~ 걸어~ 걸으~ 산책~ 거닐~ 떠나~ 돌아오~ 돌아가~ | walk walks walking stroll strolling leaves leaving returns wander wandering
run: 달리기 | 달려~ 달리~ 뛰어~ 뛰는~ 뛰~ 쫓~ | run runs running chasing chase race racing rushes
wave: 손을흔드는 안녕 작별 인사 | 손을~ 흔들~ 환호~ 만세~ 기뻐~ 외치~ | wave waves-hand waving cheer cheering cheers celebrates farewell goodbye joyfully
read: 읽는 독서 | 읽~ 펼치~ | read reads reading
look_up: 올려다보는 | 올려다~ 바라보~ 쳐다~ 우러러~ | looks-up gaze gazes gazing watching watches looking stares
hold: | 들고~ 안고~ 든~ | holding holds carrying
embrace: 포옹 | 껴안~ 끌어안~ 안아~ | hug hugs hugging embrace embracing embraces
sleep: 잠 잠든 낮잠 | 잠들~ 자고~ | sleep sleeps sleeping asleep
"""

MOODS = """
warm: 따뜻한 포근한 행복 사랑 다정한 온기 추억 그리운 | 따뜻~ 따스~ 포근~ 행복~ 사랑~ 다정~ | warm cozy happy happiness love tender gentle nostalgic memory memories
joy: 기쁨 축제 신나는 즐거운 웃음 희망 | 기쁘~ 기쁨~ 신나~ 즐거~ 웃~ 희망~ | joy joyful cheerful playful laughing fun hope hopeful smile smiling
sad: 슬픔 눈물 외로움 이별 쓸쓸한 그리움 고독 | 슬프~ 슬픔~ 외로~ 쓸쓸~ 울고~ 우는~ 울었~ 그리워~ 고독~ | sad sadness lonely loneliness tears crying sorrow melancholy alone farewell
mystery: 신비 비밀 마법 꿈 환상 이상한 | 신비~ 비밀~ 마법~ 꿈~ 환상~ 수상~ | mystery mysterious magic magical dream dreamy secret fantasy enchanted mystic surreal
fear: 공포 무서운 위험 유령 괴물 악몽 | 무서~ 두려~ 위험~ 괴물~ | fear scary danger dangerous ghost horror monster dread ominous eerie
calm: 고요 평화 조용한 잔잔한 평온 | 고요~ 조용~ 잔잔~ 평화~ 평온~ | calm quiet peaceful serene tranquil silent still
"""

STYLES = """
noir: 흑백 느와르 누아르 | 흑백~ | noir black-and-white monochrome bw
pastel: 파스텔 수채화 동화 그림책 동화풍 수채 | 수채화~ 파스텔~ 동화~ | pastel watercolor watercolour storybook picture-book soft children's
vintage: 빈티지 복고 레트로 필름 옛날 | 복고~ 빈티지~ 레트로~ | vintage retro old-film 1970s 1980s sepia film
neon: 네온 사이버펑크 | 네온~ 사이버~ | neon cyberpunk synthwave vaporwave
bold: 애니메이션 만화 카툰 애니 지브리 | 애니~ 만화~ | anime cartoon comic vivid ghibli animation
"""

COLORS = """
d8483e: 빨간 붉은 빨강 빨간색 | 빨간~ 붉은~ | red scarlet crimson
f2b632: 노란 노랑 노란색 황금 금빛 | 노란~ 금빛~ | yellow golden gold
3f79c4: 파란 푸른 파랑 파란색 남색 | 파란~ 푸른~ | blue navy azure
4f9a5d: 초록 녹색 초록색 연두 | 초록~ | green emerald
f4efe6: 하얀 흰 하양 흰색 | 하얀~ | white
8a5fb0: 보라 보라색 보랏빛 | 보라~ 보랏~ | purple violet
ee8fa5: 분홍 분홍색 핑크 | 분홍~ | pink
ec7f37: 주황 주황색 오렌지색 | 주황~ | orange
33323c: 검은 검정 까만 | 검은~ 까만~ | black
"""

PARTICLES = (
    "은 는 이 가 을 를 의 에 에서 에는 에게 에도 에서는 엔 으로 로 와 과 도 만 들 들이 들은 들을 들의 들과 까지 부터 처럼 같은 보다 나 이나 하고 랑 이랑 께 한테 마다 "
    "위 위에 위로 위를 위의 속 속에 속에서 속의 속으로 안 안에 안에서 옆 옆에 앞 앞에 앞에서 뒤 뒤에 밑 밑에 아래 아래에 아래에서 가 가에 가에서 너머 너머로 사이 사이로 "
    "에서도 으로는 에게서 에서의 라 이라 라는 이라는 였다 이었다 이다 다 요 이에요 예요 야 이야 님 님이 님은 님과 님의 한 마리 이며 밖 밖으로 밖에 떼 떼가 째 쯤 이면 아침 저녁"
).split()
