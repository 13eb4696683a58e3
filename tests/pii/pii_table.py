"""Texts with personal data by type, and texts that only look like it; every name, number and key is invented."""

POSITIVE: dict[str, list[tuple[str, str]]] = {
    "email": [
        ("Write to jane.doe@example.com please", "jane.doe@example.com"),
        ("mail: o'hara+news@mail.example.co.uk.", "o'hara+news@mail.example.co.uk"),
        ("(j_smith99@example.org)", "j_smith99@example.org"),
        ("jürgen@müller-example.de wrote", "jürgen@müller-example.de"),
        ("<anna@sub.domain.example>", "anna@sub.domain.example"),
    ],
    "phone": [
        ("Ring +49 30 1234567 after five", "+49 30 1234567"),
        ("my number is (415) 555-2671", "(415) 555-2671"),
        ("415-555-2671 works too", "415-555-2671"),
        ("phone: 07911 123456", "07911 123456"),
        ("Rappelez le 06 12 34 56 78 merci", "06 12 34 56 78"),
        ("fax 0301234567", "0301234567"),
        ("mobile 4155552671", "4155552671"),
        ("+1 (212) 555-0147 x12 is mine", "+1 (212) 555-0147 x12"),
        ("text me at 212.555.0147", "212.555.0147"),
        ("call 020 7946 0958 today", "020 7946 0958"),
        ("tel. 28-64-66-98", "28-64-66-98"),
        ("+33612345678 is my handy", "+33612345678"),
    ],
    "iban": [
        ("IBAN GB29 NWBK 6016 1331 9268 19", "GB29 NWBK 6016 1331 9268 19"),
        ("pay DE89370400440532013000 now", "DE89370400440532013000"),
        ("FR14 2004 1010 0505 0001 3M02 606 is closed", "FR14 2004 1010 0505 0001 3M02 606"),
        ("my iban is de89370400440532013000", "de89370400440532013000"),
        ("NL91ABNA0417164300", "NL91ABNA0417164300"),
        ("from ES91-2100-0418-4502-0005-1332", "ES91-2100-0418-4502-0005-1332"),
    ],
    "payment_card": [
        ("card 4111 1111 1111 1111 was stolen", "4111 1111 1111 1111"),
        ("5500-0000-0000-0004", "5500-0000-0000-0004"),
        ("amex 378282246310005", "378282246310005"),
        ("I paid with 6011111111111117.", "6011111111111117"),
        ("card number 30569309025904", "30569309025904"),
        ("3530111333300000 was charged twice", "3530111333300000"),
        ("mastercard 2223003122003222", "2223003122003222"),
    ],
    "us_ssn": [
        ("SSN 219-09-9998", "219-09-9998"),
        ("it is 457-55-5462, thanks", "457-55-5462"),
        ("social security number: 457555462", "457555462"),
        ("my ssn is 219 09 9998", "219 09 9998"),
    ],
    "uk_nino": [
        ("NI AB 12 34 56 C", "AB 12 34 56 C"),
        ("my NI number is JG103759A", "JG103759A"),
        ("national insurance YE 34 56 78 D", "YE 34 56 78 D"),
    ],
    "uk_nhs": [
        ("NHS number 943 476 5919", "943 476 5919"),
        ("nhs no: 9434765919", "9434765919"),
        ("NHS 401-023-2137", "401-023-2137"),
    ],
    "fr_nir": [
        ("numéro 2 69 05 49 588 157 80", "2 69 05 49 588 157 80"),
        ("sécu: 255081416802538", "255081416802538"),
    ],
    "es_dni": [
        ("DNI 12345678Z", "12345678Z"),
        ("mi NIE es X1234567L", "X1234567L"),
        ("nif 12345678-Z", "12345678-Z"),
    ],
    "it_fiscal_code": [
        ("codice fiscale RSSMRA85T10A562S", "RSSMRA85T10A562S"),
        ("MRTMTT91D08F205J grazie", "MRTMTT91D08F205J"),
    ],
    "de_tax_id": [
        ("Steuer-ID 86 095 742 719", "86 095 742 719"),
        ("tax id 65929970489", "65929970489"),
    ],
    "identity_document": [
        ("passport number C01X00T47 expired", "C01X00T47"),
        ("my driver's license is D1234567", "D1234567"),
        ("passport no. 523456789", "523456789"),
    ],
    "ip_address": [
        ("blocked at 84.23.119.7 since noon", "84.23.119.7"),
        ("from IP 203.14.88.200.", "203.14.88.200"),
        ("host 2a00:1450:4001:81b::200e", "2a00:1450:4001:81b::200e"),
        ("2a02:8108:0000:0000:1c2b:9d3f:aa01:77e2 logged in", "2a02:8108:0000:0000:1c2b:9d3f:aa01:77e2"),
    ],
    "url": [
        ("see https://example.com/users/jane?id=7.", "https://example.com/users/jane?id=7"),
        ("www.jane-doe.example.org is mine", "www.jane-doe.example.org"),
        ("(http://example.net/a_b)", "http://example.net/a_b"),
    ],
    "medical_record": [
        ("MRN: 00123456", "00123456"),
        ("medical record number 7788991", "7788991"),
        ("patient id A-445566", "A-445566"),
    ],
    "health_plan": [
        ("health plan number XEH123456789", "XEH123456789"),
        ("Medicare 1EG4-TE5-MK73", "1EG4-TE5-MK73"),
        ("health insurance no. 80-551-9923", "80-551-9923"),
    ],
    "account_number": [
        ("account number 12345678", "12345678"),
        ("my account 004417-221 is locked", "004417-221"),
        ("Kundennummer: 99887766", "99887766"),
        ("sort code 12-34-56", "12-34-56"),
        ("customer id 5540012", "5540012"),
    ],
    "date_of_birth": [
        ("born on 12 March 1984", "12 March 1984"),
        ("DOB: 03/12/1984", "03/12/1984"),
        ("date of birth 1984-12-03", "1984-12-03"),
        ("geboren am 3.12.1984", "3.12.1984"),
        ("née le 3 décembre 1984", "3 décembre 1984"),
        ("my birthday is March 12, 1984", "March 12, 1984"),
        ("She was born 7/5/1981.", "7/5/1981"),
    ],
    "street_address": [
        ("send it to 221 Baker Street, London", "221 Baker Street"),
        ("we moved to 1600 Old Mill Rd Apt 4B", "1600 Old Mill Rd Apt 4B"),
        ("Hauptstraße 12 in Berlin", "Hauptstraße 12"),
        ("habite 12 rue de la Paix maintenant", "12 rue de la Paix"),
        ("vivo en Calle Mayor 5", "Calle Mayor 5"),
        ("abito in Via Garibaldi 10", "Via Garibaldi 10"),
        ("P.O. Box 1234", "P.O. Box 1234"),
        ("Kerkstraat 7", "Kerkstraat 7"),
        ("meet at the corner of Fifth Avenue and Pine Street", "corner of Fifth Avenue and Pine Street"),
        ("send it to PSC 802 Box 74, APO AE 09499", "PSC 802 Box 74, APO AE 09499"),
        ("at 45 N. Lincoln Avenue", "45 N. Lincoln Avenue"),
        ("9 Queen Anne's Gardens", "9 Queen Anne's Gardens"),
    ],
    "postal_code": [
        ("London SW1A 1AA", "SW1A 1AA"),
        ("ZIP: 94103", "94103"),
        ("zip code 94103-1234", "94103-1234"),
        ("Denver, CO 80202", "CO 80202"),
        ("postcode M1 1AE", "M1 1AE"),
        ("PLZ 10115", "10115"),
    ],
    "vin": [
        ("VIN 1HGBH41JXMN109186", "1HGBH41JXMN109186"),
        ("the car 1M8GDM9AXKP042788 was sold", "1M8GDM9AXKP042788"),
    ],
    "device_id": [
        ("MAC 00:1A:2B:3C:4D:5E", "00:1A:2B:3C:4D:5E"),
        ("adapter 9c-b6-d0-e7-11-f2", "9c-b6-d0-e7-11-f2"),
        ("IMEI 490154203237518", "490154203237518"),
        ("imei: 49-015420-323751-8", "49-015420-323751-8"),
    ],
    "secret": [
        ("my password is hunter2!", "hunter2"),
        ("api_key=3f9a0c7be1d24c55", "3f9a0c7be1d24c55"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlMTIz", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlMTIz"),
        ("Passwort: Sommer2024", "Sommer2024"),
        ("my PIN is 4821", "4821"),
        ("Authorization: Bearer 9f8e7d6c5b4a39281706", "9f8e7d6c5b4a39281706"),
        ("xoxb-123456789012-abcdefGHIJ", "xoxb-123456789012-abcdefGHIJ"),
        ("secret key: wJalrXUtnFEMI/K7MDENG/bPxRfiCY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCY"),
    ],
}  # fmt: skip

LOOK_ALIKES = """the corner of the screen and the menu
order number 4111111111111111 is late
order 4539 1488 0343 6468 was split
invoice 4716-2210-5201-4457
tracking number 5105105105105100
ticket 219-09-9998
case 457-55-5462 was closed
card 4111 1111 1111 1112 is no card
4929123456789012 fails its check digit
1234 5678 9012 3456
reference 378282246310005
item no. 6011111111111117
serial number 490154203237518
I saw 490154203237519 of them
GB29 NWBK 6016 1331 9268 18 has a wrong digit
DE89370400440532013001
XX89370400440532013000
SKU AB123456X
part AB 12 34 56 C
order AB123456C
12345678A is no identity
X1234567A
build 219-09-9998
000-12-3456 cannot be
666-12-3456
900-12-3456
219-00-9998
219-09-0000
version 1.2.3.4
firmware 84.23.119.7
release 10.4.2.1
v2.14.0.3
update 12.0.1.7 broke it
my router is at 192.168.1.1
ping 127.0.0.1
10.0.0.12 is the printer
256.300.1.2
section 4.3.2.1
see chapter 3.1.4.1
0800 hours
at 08:30 today
from 12:30:45 to 13:00:00
2024-03-12 10:15:00
on 03/12/2024
due 12 March 2024
between 2010 and 2020
it costs $1,299.00
1.299,00 EUR
EUR 12.345.678,90
about 1 000 000 users
99.99 percent
100-200 rows
room 1204
page 415-555
model 415-555-26
3 x 4 x 5 mm
ISO 9001:2015
RFC 2616
EN 60601-1-2
version 2024.11.24
order ORD-2024-0042-991
invoice INV-1975640
PO 4500123456
SO-00123456
the parcel 1Z999AA10123456784
ISBN 978-3-16-148410-0
EAN 4006381333931
UPC 036000291452
error 0x80070005
error code 1234567
HTTP 404
port 8080
1920x1080
call 15 times
call me 3 times a day
text 2 people
desk 12
office 365
phone 15 pro
mobile 5G
iPhone 14
call 2024-03-12
ring on 12.03.2024
account 2
account since 2019
customers 1200
member since 2015
patient for 3 days
hospital 7
zip file
zip 7 files
a 5 star hotel
the street was empty
12 people drove here
3 Street Fighters
Road 66 is long
way 2 go
in 5 Minutes
24 Hours Support
12 Angry Men
via email 5 times
via Roma
calle sin nombre
my password is wrong
password is required
the password expired
reset my password please
token expired yesterday
api key is missing
the secret is patience
key 2nd-floor
bearer of news
pin it to the wall
keyboard broke
user@host
@jane thanks
a @ b
email me at noon
www is slow
http error
example dot com
born to run
birthday party on Friday
reborn in 2 weeks
born in the USA
dob is missing
00:11:22 elapsed
12:34:56:78 frames
AA:BB is a ratio
std::vector
10::20
a::b::c
WVWZZZ1JZXW000001X
HELLO WORLD 12345678
ABCDEFGH123456789
17 characters long
100 000 000 000 000
1 2 3 4 5 6 7 8 9 10 11 12 13
1-2-3-4-5-6-7
4.5.6
+1 for this idea
+100 points
(555) reasons
50 to 60
0 to 100
0.000123456789
3.14159265358979
2.718281828459045
1e10
6.02e23
A4 paper
B2B sales
MP3 320 kbps
R2D2 and C3PO
COVID-19 in 2020
Q4 2024
FY2023/24
24/7
9 to 5
50-50
7-11
747-400
A320-200
CO 2 levels
IN 2024 we moved
OR 12345 of them
size 32x34
transaction 12345678901234
booking 123456789
shipment 00340434161094021501
contract 12-345-678
asset 00-11-22
quote 5540012
request 99887766
job 123-456-7890
batch 20240312
lot 415-555-2671""".splitlines()
